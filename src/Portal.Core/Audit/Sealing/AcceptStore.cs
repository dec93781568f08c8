using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>Which stores to accept.</summary>
/// <param name="Accepts">False only looks.</param>
/// <param name="Store">The one to look at, by <see cref="ICheckpointStore.RememberedAs"/>; null for all of this host.</param>
public sealed record StoreAcceptance(bool Accepts = false, string? Store = null);

/// <summary>How a store stands.</summary>
/// <param name="Store">See <see cref="ICheckpointStore.RememberedAs"/>.</param>
/// <param name="Remembered">How many events the largest checkpoint is of that it was seen to hold; null when it is not known yet.</param>
/// <param name="Found">How many the one is of that it shows now; 0 for none.</param>
/// <param name="Accepted">Whether that was accepted now.</param>
public sealed record StoreStanding(string Store, long? Remembered, long Found, bool Accepted = false)
{
    /// <summary>Whether it shows less than it held.</summary>
    public bool IsShort => Found < Remembered;
}

/// <summary>
/// Takes a store that shows less than it held as it is from now on: for whoever replaced it knowingly, or has no copy of what was lost. It is recorded in the trail; a portal that runs goes along at
/// its next look, and gives the store the newest checkpoint.
/// </summary>
public sealed class AcceptStore(IDbContextFactory<PortalDb> databases, CheckpointStores stores, IDatabaseClock databaseClock, ClockWatch clock)
{
    /// <summary>Looks at this host's stores, and accepts those that show less when told to.</summary>
    /// <returns>How each stands that was asked for; none when this host has none of that name.</returns>
    /// <exception cref="SealingException">A store cannot be asked, or what is remembered cannot be read.</exception>
    public async Task<Result<IReadOnlyList<StoreStanding>>> ExecuteAsync(StoreAcceptance input, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        var standings = new List<StoreStanding>();
        foreach (var store in stores.All.Where(s => input.Store is null || s.RememberedAs == input.Store))
            standings.Add(await databases.RunAsync(db => LookAsync(db, store, input.Accepts, actor, ct), ct));
        return standings;
    }

    private async Task<StoreStanding> LookAsync(PortalDb db, ICheckpointStore store, bool accepts, Actor actor, CancellationToken ct)
    {
        // First what is remembered: a portal beside this raises it once the store has more.
        var remembered = (await AuditStore.SizesAsync(db, [store], ct)).TryGetValue(store.RememberedAs, out var size) ? size : (long?)null;
        var latest = await store.LatestAsync(ct);
        var standing = new StoreStanding(store.RememberedAs, remembered, AuditStore.SizeOf(latest));
        if (!accepts || !standing.IsShort)
            return standing;

        var now = await clock.AskAsync(databaseClock, db, ct);
        var id = Guid.CreateVersion7(now);
        // The rest of the row is not read: somebody may have changed it to what cannot be. Saved only while it says what was looked at.
        var row = new AuditStore(store.RememberedAs, store.Host, size, now);
        db.Attach(row);
        (row.Size, row.Acceptance) = (standing.Found, id);
        db.Entry(row).Property(s => s.SeenAt).IsModified = true;
        new AuditTrail(db, actor, now).RecordLate(id, AuditCode.StoreAccepted, AuditOutcome.Success, AuditSubject.Nothing, new AuditDetail(store.RememberedAs,
            string.Create(CultureInfo.InvariantCulture, $"held a checkpoint of {size} events; shows {(standing.Found == 0 ? "none" : $"one of {standing.Found}")}")));
        await db.SaveChangesAsync(ct);
        return standing with { Accepted = true };
    }
}
