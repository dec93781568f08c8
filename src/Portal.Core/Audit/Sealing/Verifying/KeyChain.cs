using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>
/// Reads the keys of the database, and finds those that the portal did not enter. Each key of the log but the first was signed in by the one before it: the checkpoint of a rotation carries both signatures.
/// A key that shares no checkpoint with the others is somebody's own, with which they could sign what never was.
/// </summary>
internal sealed class KeyChain(PortalDb db, Findings findings)
{
    /// <summary>Reads them.</summary>
    /// <param name="kept">The notes of all checkpoint stores.</param>
    /// <param name="rows">The checkpoints of the database.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>All keys of the database that are keys, those that were found included: what they signed is found by itself.</returns>
    public async Task<IReadOnlyList<VerifierKey>> ReadAsync(IReadOnlyList<string> kept, IReadOnlyList<StoredCheckpoint> rows, CancellationToken ct)
    {
        var keys = new List<VerifierKey>();
        foreach (var text in await db.AuditKeys.AsNoTracking().OrderBy(k => k.Since).Select(k => k.Vkey).ToListAsync(ct))
            if (VerifierKey.Parse(text) is { } key)
                keys.Add(key);
            else
                findings.Add("A key of the log in the database cannot be read.");
        if (keys.Count < 2)
            return keys;

        var notes = Trustworthy(kept, rows);
        // Whoever signed last is the portal's own: what the stores keep is not the database's to change.
        var linked = notes.Count > 0 ? SignersOf(notes[^1], keys) : [keys[0]];
        var together = notes.Where(note => note.Signatures.Count > 1).Select(note => SignersOf(note, keys)).ToList();
        while (together.Any(signers => signers.Overlaps(linked) && !signers.IsSubsetOf(linked)))
            foreach (var signers in together.Where(signers => signers.Overlaps(linked)))
                linked.UnionWith(signers);
        foreach (var foreign in keys.Where(key => !linked.Contains(key)))
            findings.Add($"The key {foreign} in the database signed no checkpoint together with another of the log's keys: it was not entered by the portal.");
        return keys;
    }

    // In the order of their sizes. Somebody who has the database can write a signature of their own beneath a checkpoint there: where a store has the checkpoint, what the store has counts.
    private static List<SignedNote> Trustworthy(IReadOnlyList<string> kept, IReadOnlyList<StoredCheckpoint> rows)
    {
        var stored = kept.Select(note => (Size: CheckpointFile.SizeOf(note), Note: note)).Where(note => note.Size >= 0).ToList();
        var sizes = stored.Select(note => note.Size).ToHashSet();
        return [.. rows.Where(row => !sizes.Contains(row.Size)).Select(row => (row.Size, row.Note)).Concat(stored).OrderBy(note => note.Size).Select(note => SignedNote.Parse(note.Note)).OfType<SignedNote>()];
    }

    private static HashSet<VerifierKey> SignersOf(SignedNote note, IReadOnlyList<VerifierKey> keys) => [.. keys.Where(note.IsSignedBy)];
}
