using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>The largest checkpoint that a store was ever seen to hold. The database keeps it over starts: to a portal that is started anew, a store that lost something looks like a new one. Only <see cref="AcceptStore"/> lowers it.</summary>
/// <param name="name">See <see cref="ICheckpointStore.RememberedAs"/>.</param>
/// <param name="host">See <see cref="ICheckpointStore.Host"/>.</param>
/// <param name="size">How many events the checkpoint is of.</param>
/// <param name="seenAt">When an instance that keeps checkpoints there looked last.</param>
public sealed class AuditStore(string name, string? host, long size, DateTimeOffset seenAt)
{
    /// <summary>For how long a host's own store is remembered after the host was seen last. In clusters hosts get a new name with each deployment, and the rows would pile up. One that is away for repair, or over a season in which nothing is changed, is back by then.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(90);

    /// <summary>See <see cref="ICheckpointStore.RememberedAs"/>.</summary>
    public string Name { get; private set; } = name;

    /// <summary>See <see cref="ICheckpointStore.Host"/>.</summary>
    public string? Host { get; private set; } = host;

    /// <summary>How many events the checkpoint is of; 0 for none, after a store was accepted that shows none.</summary>
    public long Size { get; internal set; } = size;

    /// <summary>When an instance that keeps checkpoints there looked last, to about a day.</summary>
    public DateTimeOffset SeenAt { get; internal set; } = seenAt;

    /// <summary>The event that says that somebody accepted less than it held; null when nobody has.</summary>
    public Guid? Acceptance { get; internal set; }

    /// <summary>How many events the newest note of a store is of; 0 for none, and for one that is no checkpoint.</summary>
    internal static long SizeOf(string? note) => note is null ? 0 : Math.Max(0, CheckpointFile.SizeOf(note));

    /// <summary>What is remembered of some stores, by the names that they are remembered by.</summary>
    internal static Task<Dictionary<string, long>> SizesAsync(PortalDb db, IEnumerable<ICheckpointStore> stores, CancellationToken ct) =>
        Of(db, stores).Select(s => new { s.Name, s.Size }).ToDictionaryAsync(s => s.Name, s => s.Size, ct);

    /// <summary>All that is remembered of some stores.</summary>
    /// <param name="db">The database.</param>
    /// <param name="stores">Which.</param>
    /// <param name="fresh">What was seen since counts as fresh.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">It holds what the portal does not write: <see cref="SealingProblem.Contradiction"/>.</exception>
    internal static Task<Dictionary<string, Remembered>> ReadAsync(PortalDb db, IEnumerable<ICheckpointStore> stores, DateTimeOffset fresh, CancellationToken ct) =>
        ReadAsync(() => Of(db, stores).Select(s => new { s.Name, s.Size, s.Acceptance, IsFresh = s.SeenAt > fresh }).ToDictionaryAsync(s => s.Name, s => new Remembered(s.Size, s.Acceptance, s.IsFresh), ct));

    /// <summary>The events that say that somebody accepted less than a store held. They are few, and stay.</summary>
    internal static IQueryable<AuditEvent> AcceptancesOf(PortalDb db, ICheckpointStore store)
    {
        var (code, name) = (AuditCode.StoreAccepted.Value, store.RememberedAs);
        return db.AuditEvents.Where(e => e.Code == code && e.Reason == name);
    }

    /// <summary>Their ids.</summary>
    /// <param name="db">The database.</param>
    /// <param name="store">The store.</param>
    /// <param name="through">The last one that is asked for; null for all.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">One cannot be read: <see cref="SealingProblem.Contradiction"/>.</exception>
    internal static Task<List<Guid>> AcceptancesAsync(PortalDb db, ICheckpointStore store, Guid? through, CancellationToken ct) =>
        ReadAsync(() => AcceptancesOf(db, store).Where(e => through == null || e.Sequence <= db.AuditEvents.Single(last => last.EventId == through).Sequence).Select(e => e.EventId).ToListAsync(ct));

    private static async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            throw new SealingException(
                SealingProblem.Contradiction, "What the checkpoint stores held (AuditStores) cannot be read: the database was changed by other means than the portal. Nothing is sealed. Run 'dotnet Portal.Web.dll audit verify' and see the runbook, AuditNotSealed.", fault);
        }
    }

    /// <summary>A store showed a checkpoint of this size. What is remembered never becomes less by it, whoever else saw more meanwhile. Belongs into a turn to write.</summary>
    internal static Task SawAsync(PortalDb db, ICheckpointStore store, long size, DateTimeOffset now, CancellationToken ct) => db.Database.ExecuteSqlAsync($"""
        INSERT INTO "AuditStores" ("Name", "Host", "Size", "SeenAt") VALUES ({store.RememberedAs}, {store.Host}, {size}, {now.UtcDateTime})
        ON CONFLICT ("Name") DO UPDATE SET "Size" = CASE WHEN excluded."Size" > "AuditStores"."Size" THEN excluded."Size" ELSE "AuditStores"."Size" END, "SeenAt" = excluded."SeenAt"
        """, ct);

    /// <summary>Instances that keep checkpoints there looked. Belongs into a turn to write.</summary>
    internal static Task LookedAsync(PortalDb db, IEnumerable<ICheckpointStore> stores, DateTimeOffset now, CancellationToken ct) =>
        Of(db, stores).ExecuteUpdateAsync(s => s.SetProperty(x => x.SeenAt, now), ct);

    /// <summary>Forgets the own stores of hosts that nobody has seen for long. What all share is never forgotten. Belongs into a turn to write.</summary>
    internal static Task PruneAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var before = now - KeptFor;
        return db.AuditStores.Where(s => s.Host != null && s.SeenAt < before).ExecuteDeleteAsync(ct);
    }

    private static IQueryable<AuditStore> Of(PortalDb db, IEnumerable<ICheckpointStore> stores)
    {
        var names = stores.Select(s => s.RememberedAs).ToList();
        return db.AuditStores.AsNoTracking().Where(s => names.Contains(s.Name));
    }
}

/// <summary>What is remembered of a store.</summary>
/// <param name="Size">See <see cref="AuditStore.Size"/>.</param>
/// <param name="Acceptance">See <see cref="AuditStore.Acceptance"/>.</param>
/// <param name="IsFresh">Whether the store was looked at lately.</param>
internal sealed record Remembered(long Size, Guid? Acceptance, bool IsFresh);
