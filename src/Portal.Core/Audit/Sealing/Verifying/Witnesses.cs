using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>A checkpoint that tells what the log was.</summary>
/// <param name="Checkpoint">What it says.</param>
/// <param name="Where">Where it is kept, as words within a sentence.</param>
internal sealed record Witness(Checkpoint Checkpoint, string Where);

/// <summary>
/// Reads the checkpoints of the database and of the stores side by side, as far as the log is looked at: a few of each are in memory, however many there are. Judges each once; what is none, or
/// signed by no key of the log, is found.
/// </summary>
/// <param name="db">The database.</param>
/// <param name="stores">The stores.</param>
/// <param name="findings">Receives what does not hold.</param>
/// <param name="from">The smallest size to look at. Of smaller ones only those are read that tell which keys belong together.</param>
internal sealed class Witnesses(PortalDb db, CheckpointStores stores, Findings findings, long from) : IAsyncDisposable
{
    private readonly KeyChain _chain = new(db, findings);
    private readonly List<CheckpointSource> _sources = [];
    private readonly PriorityQueue<Witness, long> _due = new();
    private readonly List<Witness> _late = [];
    private IReadOnlyList<VerifierKey> _keys = [];
    private bool _trusts;
    private long _rowTaken = -1;
    private Witness? _largest;

    /// <summary>Begins.</summary>
    /// <param name="trusted">The keys to trust; none for those of the database.</param>
    /// <param name="ct">Cancels.</param>
    public async Task OpenAsync(IReadOnlyList<VerifierKey> trusted, CancellationToken ct)
    {
        var entered = await _chain.ReadAsync(ct);
        // Those of the chain grow where keys are changed meanwhile.
        _trusts = trusted.Count > 0;
        _keys = _trusts ? trusted : entered;
        // The changes of keys before: which keys are the log's own stands beneath those alone.
        var changes = from == 0 || entered.Count < 2 ? [] : await StoredCheckpoint.ReadAsync(db, db.AuditCheckpoints.Where(c => c.Size < from && EF.Functions.Like(c.Note, "%\n\u2014 %\n\u2014 %")).OrderBy(c => c.Size), ct);
        // One of another size than its note's would have no counterpart in a store, where somebody could not have signed beneath it.
        foreach (var row in changes)
            if (row.Says is not null && SignedNote.Parse(row.Note) is { } note)
                _chain.Take(row.Size, note, isStored: false, _chain.Knows(note));
        var besides = changes.Select(row => row.Size).ToHashSet();
        // The database first: of one size, the stores' come after its own.
        _sources.Add(new CheckpointSource("the database", CheckpointSource.OfDatabaseAsync(db, from, ct), ct));
        _sources.AddRange(stores.All.Select(store => new CheckpointSource(store.Name, CheckpointSource.OfStoreAsync(store, from, besides, ct), ct)));
        // Those of the stores are asked for first: what they hold is in the database a moment later.
        foreach (var source in Enumerable.Reverse(_sources))
            await source.GoOnAsync();
    }

    /// <summary>Judges all up to a size, and keeps them until they are taken.</summary>
    public async Task FillAsync(long end, CancellationToken ct)
    {
        while (_sources.Where(source => source.Next is not null).MinBy(source => source.Next!.Size) is { Next: { } next } source && next.Size <= end)
        {
            await source.GoOnAsync();
            if (await JudgeAsync(next, source, ct) is { } witness)
                _due.Enqueue(witness, witness.Checkpoint.Size);
        }
    }

    /// <summary>Takes the next that is of a size; null when there is none any more.</summary>
    public Witness? Take(long size)
    {
        while (_due.TryPeek(out var next, out var of) && of <= size)
        {
            _due.Dequeue();
            if (of == size)
                return next;
            // In no order, as one that somebody put behind a larger one: its turn is over.
            _late.Add(next);
        }

        return null;
    }

    /// <summary>Judges the rest, once the log was compared; those too that come in no order.</summary>
    /// <param name="compared">How many events were compared with the tree; null when something was found that makes all roots others.</param>
    /// <param name="ct">Cancels.</param>
    public async Task EndAsync(long? compared, CancellationToken ct)
    {
        await FillAsync(long.MaxValue, ct);
        var size = await LogTiles.SizeAsync(db, ct);
        foreach (var witness in _late.Concat(_due.UnorderedItems.Select(item => item.Element)).Where(witness => witness.Checkpoint.Size <= compared))
            await CompareAsync(witness, ct);
        // These say most of what is wrong, so they are told first.
        foreach (var foreign in _chain.Foreign().Reverse())
            findings.Insert(0, foreign);
        if (_largest is { Checkpoint: { } ahead, Where: var where } && ahead.Size > size)
            findings.Insert(0, new VerifyFinding($"{CheckpointStores.AtTheBeginning(where)} has a checkpoint of {ahead.Size} events, signed {ahead.Time:u}, and the log has {size}: events at its end were taken away, or the database was rolled back.", size));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources)
            await source.DisposeAsync();
    }

    private async Task<Witness?> JudgeAsync(KeptCheckpoint kept, CheckpointSource source, CancellationToken ct)
    {
        if (kept.Row is not null)
            _rowTaken = kept.Size;
        // Whatever its note says, and whoever signed that.
        if (kept.Row is { Size: < 0 })
        {
            findings.Add($"The checkpoint of {kept.Size} events in the database was not entered by the portal: no log has so few.");
            return null;
        }

        if (SignedNote.Parse(kept.Note) is not { } note || Checkpoint.Parse(note.Text) is not { } checkpoint)
        {
            findings.Add($"A checkpoint in {source.Where} cannot be read.");
            return null;
        }

        var isSigned = _keys.Any(note.IsSignedBy);
        var isOurs = _trusts ? _chain.Knows(note) : isSigned || (isSigned = await _chain.ReadAgainAsync(note, ct));
        _chain.Take(kept.Size, note, isStored: kept.Row is null, isOurs);
        // Before that everything was verified earlier.
        if (kept.Size < from)
            return null;
        if (!isSigned)
        {
            findings.Add($"The checkpoint of {checkpoint.Size} events in {source.Where} is signed by none of the log's keys.", position: checkpoint.Size);
            return null;
        }

        if (kept.Row is { } row && (checkpoint.Size != row.Size || checkpoint.Time != row.Time))
            findings.Add($"The checkpoint of {row.Size} events in the database has another size or time in its note.", position: row.Size);
        // The last one of a store may be on its way to the database.
        if (kept.Row is null && source.Next is not null && _rowTaken != kept.Size && !await db.AuditCheckpoints.AnyAsync(c => c.Size == kept.Size, ct))
            findings.Add($"The checkpoint of {checkpoint.Size} events, signed {checkpoint.Time:u}, is in {source.Where} and not in the database.", position: checkpoint.Size);
        var witness = new Witness(checkpoint, source.Where);
        if (checkpoint.Size > (_largest?.Checkpoint.Size ?? -1))
            _largest = witness;
        return witness;
    }

    // By the tree's hashes in the database, which were compared with the events meanwhile.
    private async Task CompareAsync(Witness late, CancellationToken ct)
    {
        try
        {
            if ((await LogTiles.HashesAsync(db, [new LeafRange(0, late.Checkpoint.Size)], ct))[0].AsSpan().SequenceEqual(late.Checkpoint.Root))
                return;
        }
        catch (InvalidDataException)
        {
            // Without the hashes nothing can be told of it; that they are gone is found by itself.
            return;
        }

        findings.Add($"The first {late.Checkpoint.Size} events are not those of the checkpoint in {late.Where}, signed {late.Checkpoint.Time:u}.", position: late.Checkpoint.Size);
    }
}
