using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>The largest checkpoint that each store was seen to hold: by this process, or before it, as the database remembers. Neither forgets it by itself.</summary>
internal sealed class StoreMemory
{
    // So often a row says that its host is still there: far within the time after which it is taken for gone.
    private static readonly TimeSpan SeenEvery = TimeSpan.FromDays(1);

    private readonly Dictionary<ICheckpointStore, Known> _known = [];

    /// <summary>Whether no store shows less than it held, as far as this process has looked.</summary>
    public bool MissesNothing => !_known.Values.Any(k => k.IsShort);

    // What is remembered of a store in the database is less than it shows.
    private IEnumerable<KeyValuePair<ICheckpointStore, Known>> News => _known.Where(k => k.Value.Shown > k.Value.Written);

    /// <summary>Reads what the database remembers. To be done before the stores are asked: another instance may have one say more meanwhile, and remember that.</summary>
    /// <exception cref="SealingException">It cannot be read.</exception>
    public async Task RecallAsync(PortalDb db, CheckpointStores stores, DateTimeOffset now, CancellationToken ct)
    {
        // Of before: none of these is for what this process has seen. First they, then the rows: one that comes between is gone along with.
        foreach (var store in stores.All.Where(store => Of(store).Written is null))
            Of(store).Acceptances.UnionWith(await AuditStore.AcceptancesAsync(db, store, through: null, ct));
        var rows = await AuditStore.ReadAsync(db, stores.All, now - SeenEvery, ct);
        foreach (var store in stores.All)
        {
            var (known, row) = (Of(store), rows.GetValueOrDefault(store.RememberedAs));
            // Whoever keeps checkpoints in the same place has put them there before. Of another host under the same name and path they are not there.
            known.OthersKeepMore |= known.Written < row?.Size;
            known.Written = row?.Size ?? 0;
            // What this process saw is given up for an event of the trail alone, which will be sealed, and not for a row that says less.
            if (row?.Acceptance is { } accepted && !known.Acceptances.Contains(accepted) && await IsRecordedAsync(db, store, accepted, ct))
            {
                known.Held = 0;
                // With those that came before it since the last look: nothing is left that they were for.
                known.Acceptances.UnionWith(await AuditStore.AcceptancesAsync(db, store, through: accepted, ct));
            }

            known.Held = Math.Max(known.Held, row?.Size ?? 0);
        }

        if (rows.Values.All(row => row.IsFresh))
            return;
        using (await WriteTurn.TurnAsync(db, ct))
        {
            await AuditStore.LookedAsync(db, stores.All, now, ct);
            await AuditStore.PruneAsync(db, now, ct);
        }
    }

    /// <summary>The newest checkpoint of a store.</summary>
    /// <exception cref="SealingException">It is of a smaller log than the store ever held, or the store cannot be asked.</exception>
    public async Task<string?> LatestAsync(ICheckpointStore store, CancellationToken ct)
    {
        var (known, latest) = (Of(store), await store.LatestAsync(ct));
        if (AuditStore.SizeOf(latest) >= known.Held)
            return latest;
        known.IsShort = true;
        var held = $"{CheckpointStores.AtTheBeginning(store.Name)} held a checkpoint of {known.Held} events and does not any more. Find out who changed it, and put it back from a copy. See the runbook, AuditNotSealed.";
        throw new SealingException(SealingProblem.StoreForgets, store.Host is null || !known.OthersKeepMore
            ? held
            : $"{held} Or another instance has kept it since, under the same name ({store.RememberedAs}) and in another file: only once you know that, give each host a name of its own, or this one's file another path.");
    }

    /// <summary>A store holds this, and it is of the log.</summary>
    public void Saw(ICheckpointStore store, string? note)
    {
        var known = Of(store);
        (known.Shown, known.IsShort, known.OthersKeepMore) = (AuditStore.SizeOf(note), false, false);
        known.Held = Math.Max(known.Held, known.Shown);
    }

    /// <summary>Has the database remember what was seen, with all else that the context is to save.</summary>
    public async Task SaveAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        if (!News.Any())
        {
            await db.SaveChangesAsync(ct);
            return;
        }

        using (await WriteTurn.TurnAsync(db, ct))
        {
            await using var together = await db.Database.BeginTransactionAsync(ct);
            await db.SaveChangesAsync(ct);
            await WriteAsync(db, now, ct);
            await together.CommitAsync(ct);
        }
    }

    // In the order of names: two instances that write the same do not wait for each other crosswise.
    private async Task WriteAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var isNew = false;
        foreach (var (store, known) in News.OrderBy(k => k.Key.RememberedAs, StringComparer.Ordinal).ToList())
        {
            await AuditStore.SawAsync(db, store, known.Shown, now, ct);
            isNew |= known.Written is 0;
            // If this is not saved in the end, the log is read anew, and this too.
            known.Written = known.Shown;
        }

        if (isNew)
            await AuditStore.PruneAsync(db, now, ct);
    }

    private static Task<bool> IsRecordedAsync(PortalDb db, ICheckpointStore store, Guid acceptance, CancellationToken ct) =>
        AuditStore.AcceptancesOf(db, store).AnyAsync(e => e.EventId == acceptance, ct);

    private Known Of(ICheckpointStore store)
    {
        if (!_known.TryGetValue(store, out var known))
            _known[store] = known = new Known();
        return known;
    }

    private sealed class Known
    {
        // The largest that was ever seen, by whomever.
        public long Held { get; set; }

        // What it showed this process last.
        public long Shown { get; set; }

        // What the database remembers; null before it was asked.
        public long? Written { get; set; }

        // Those that were there before this process looked first, and those that it went along with: each counts once.
        public HashSet<Guid> Acceptances { get; } = [];

        // The database remembers more since it was asked before, and not of this process.
        public bool OthersKeepMore { get; set; }

        // It shows less than it held.
        public bool IsShort { get; set; }
    }
}
