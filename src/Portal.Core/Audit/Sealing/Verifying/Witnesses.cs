using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>A checkpoint that tells what the log was.</summary>
/// <param name="Checkpoint">What it says.</param>
/// <param name="Where">Where it is kept, as words within a sentence.</param>
internal sealed record Witness(Checkpoint Checkpoint, string Where);

/// <summary>Gathers the checkpoints of the database and of the checkpoint stores.</summary>
internal sealed class Witnesses(PortalDb db, CheckpointStores stores, Findings findings)
{
    /// <summary>Every checkpoint that is signed by a key of the log, wherever it is kept; what is none is found.</summary>
    public async Task<IReadOnlyList<Witness>> ReadAsync(IReadOnlyList<VerifierKey> trusted, CancellationToken ct)
    {
        var witnesses = new List<Witness>();
        // The stores first: what they hold is in the database a moment later.
        var stored = new List<(string Where, List<string> Notes)>();
        foreach (var store in stores.All)
        {
            var notes = new List<string>();
            await foreach (var note in store.ReadAsync(ct))
                notes.Add(note);
            stored.Add((store.Name, notes));
        }

        var rows = await StoredCheckpoint.ReadAsync(db, db.AuditCheckpoints.OrderBy(c => c.Size), ct);
        var entered = await new KeyChain(db, findings).ReadAsync([.. stored.SelectMany(s => s.Notes)], rows, ct);
        var keys = trusted.Count > 0 ? trusted : entered;
        foreach (var row in rows)
            if (Read(row.Note, keys, "the database") is { } checkpoint)
            {
                if (checkpoint.Size != row.Size || checkpoint.Time != row.Time)
                    findings.Add($"The checkpoint of {row.Size} events in the database has another size or time in its note.", position: row.Size);
                witnesses.Add(new Witness(checkpoint, "the database"));
            }

        var inDatabase = rows.Select(r => r.Size).ToHashSet();
        foreach (var (where, notes) in stored)
            foreach (var note in notes)
                if (Read(note, keys, where) is { } checkpoint)
                {
                    witnesses.Add(new Witness(checkpoint, where));
                    if (note != notes[^1] && !inDatabase.Contains(checkpoint.Size))
                        findings.Add($"The checkpoint of {checkpoint.Size} events, signed {checkpoint.Time:u}, is in {where} and not in the database.", position: checkpoint.Size);
                }

        return witnesses;
    }

    private Checkpoint? Read(string text, IReadOnlyList<VerifierKey> keys, string where)
    {
        if (SignedNote.Parse(text) is not { } note || Checkpoint.Parse(note.Text) is not { } checkpoint)
        {
            findings.Add($"A checkpoint in {where} cannot be read.");
            return null;
        }

        if (keys.Any(note.IsSignedBy))
            return checkpoint;
        findings.Add($"The checkpoint of {checkpoint.Size} events in {where} is signed by none of the log's keys.", position: checkpoint.Size);
        return null;
    }
}
