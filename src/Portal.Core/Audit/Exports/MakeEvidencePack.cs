using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Exports;

/// <summary>The period that evidence is asked for.</summary>
/// <param name="From">From this instant on; null for the beginning.</param>
/// <param name="To">Before this instant; null for no end.</param>
public sealed record EvidencePeriod(DateTimeOffset? From, DateTimeOffset? To);

/// <summary>Evidence of a period: its events, what was signed of the log in it, and what the events come to. To be read once, the events first.</summary>
public sealed class Evidence
{
    private readonly Func<CancellationToken, IAsyncEnumerable<StoredCheckpoint>> _checkpoints;
    private readonly Func<long, long, CancellationToken, Task<ConsistencyLine>> _proof;

    internal Evidence(EvidencePeriod period, AuditExport events, Func<CancellationToken, IAsyncEnumerable<StoredCheckpoint>> checkpoints, Func<long, long, CancellationToken, Task<ConsistencyLine>> proof)
    {
        (Period, Events, _checkpoints, _proof) = (period, events, checkpoints, proof);
        events.OnRow = Tally.Add;
    }

    /// <summary>The period.</summary>
    public EvidencePeriod Period { get; }

    /// <summary>The events.</summary>
    public AuditExport Events { get; }

    /// <summary>What the events come to; complete once they are read.</summary>
    public EvidenceTally Tally { get; } = new();

    /// <summary>The checkpoints: the last before the period, one an hour of it (one a day when it is longer than a month), and the one that the events are exported at. The smallest first.</summary>
    public IAsyncEnumerable<StoredCheckpoint> ReadCheckpointsAsync(CancellationToken ct) => _checkpoints(ct);

    /// <summary>Proves that the log at one size goes on from the log at a smaller one.</summary>
    /// <exception cref="InvalidDataException">The log has lost what the proof is made of.</exception>
    public Task<ConsistencyLine> ProveAsync(long from, long to, CancellationToken ct) => _proof(from, to, ct);
}

/// <summary>Makes the evidence of a period for an auditor to take away: recorded as an export.</summary>
public sealed class MakeEvidencePack(IDbContextFactory<PortalDb> databases, ExportAuditEvents export)
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(31);

    /// <summary>Makes it.</summary>
    public async Task<Result<Evidence>> ExecuteAsync(EvidencePeriod input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Auditor) is { } refusal)
            return refusal;
        var events = await export.ExecuteAsync(new ExportOrder(new AuditFilter { From = input.From, To = input.To }), actor, ct);
        if (!events.Succeeded)
            return Result<Evidence>.Refused(events.Refusals);
        return new Evidence(input, events.Value, stop => CheckpointsAsync(input, events.Value.Point, stop), ProveAsync);
    }

    private async IAsyncEnumerable<StoredCheckpoint> CheckpointsAsync(EvidencePeriod period, ExportPoint point, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var some in (await SizesAsync(period, point, ct)).Chunk(100))
        {
            await using var db = await databases.CreateDbContextAsync(ct);
            foreach (var checkpoint in await StoredCheckpoint.ReadAsync(db, db.AuditCheckpoints.Where(c => some.Contains(c.Size)).OrderBy(c => c.Size), ct))
                // What is no checkpoint of its size proves nothing, and would keep the others from being checked.
                if (checkpoint.Says is not null)
                    yield return checkpoint;
        }
    }

    // The portal signs every half a minute: all of them would be more than the events.
    private async Task<IReadOnlyList<long>> SizesAsync(EvidencePeriod period, ExportPoint point, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var signed = db.AuditCheckpoints.Where(c => c.Size > 0 && c.Size <= point.Size);
        var from = period.From ?? DateTimeOffset.MinValue;
        var to = period.To ?? DateTimeOffset.MaxValue;
        try
        {
            var before = await signed.Where(c => c.Time < from).MaxAsync(c => (long?)c.Size, ct);
            var first = await signed.MinAsync(c => (DateTimeOffset?)c.Time, ct);
            return await ChooseAsync(period, point, before, first, signed.Where(c => c.Time >= from && c.Time < to).OrderBy(c => c.Size).Select(c => new Signature(c.Size, c.Time)).AsAsyncEnumerable(), ct);
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            // The time of one is none. What is signed says it too; one that has neither belongs to no period.
        }

        var all = new List<Signature>();
        foreach (var row in await StoredCheckpoint.ReadAsync(db, signed.OrderBy(c => c.Size), ct))
            if ((row.Time ?? row.Says?.Time) is { } time)
                all.Add(new Signature(row.Size, time));
        return await ChooseAsync(
            period, point, all.LastOrDefault(s => s.Time < from)?.Size, all.FirstOrDefault()?.Time, all.Where(s => s.Time >= from && s.Time < to).ToAsyncEnumerable(), ct);
    }

    private static async Task<IReadOnlyList<long>> ChooseAsync(EvidencePeriod period, ExportPoint point, long? before, DateTimeOffset? first, IAsyncEnumerable<Signature> within, CancellationToken ct)
    {
        var sizes = new SortedSet<long>();
        if (before is { } last)
            sizes.Add(last);
        var each = (period.To ?? point.Time) - (period.From ?? first) > Month ? TimeSpan.TicksPerDay : TimeSpan.TicksPerHour;
        Signature? previous = null;
        await foreach (var signature in within.WithCancellation(ct))
        {
            if (previous is not null && previous.Time.UtcTicks / each != signature.Time.UtcTicks / each)
                sizes.Add(previous.Size);
            previous = signature;
        }

        if (previous is not null)
            sizes.Add(previous.Size);
        if (point.Note.Length > 0)
            sizes.Add(point.Size);
        return [.. sizes];
    }

    private async Task<ConsistencyLine> ProveAsync(long from, long to, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return new ConsistencyLine(from, to, await LogTiles.HashesAsync(db, MerkleTree.ConsistencyPath(from, to), ct));
    }

    private sealed record Signature(long Size, DateTimeOffset Time);
}
