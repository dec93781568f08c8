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
/// <param name="Found">How many the one is of that it shows now; 0 for none, and when it could not be asked.</param>
/// <param name="Accepted">Whether that was accepted now.</param>
public sealed record StoreStanding(string Store, long? Remembered, long Found, bool Accepted = false)
{
    /// <summary>Whether it shows less than it held.</summary>
    public bool IsShort => Fault is null && Found < Remembered;

    /// <summary>Why it could not be asked; null when it could.</summary>
    public string? Fault { get; init; }
}

/// <summary>
/// Takes a store that shows less than it held as it is from now on: for whoever replaced it knowingly, or has no copy of what was lost. It is recorded in the trail; a portal that runs goes along at
/// its next look, and gives the store the newest checkpoint.
/// </summary>
public sealed class AcceptStore(IDbContextFactory<PortalDb> databases, CheckpointStores stores, IDatabaseClock databaseClock, ClockWatch clock)
{
    /// <summary>Looks at this host's stores, and accepts those that show less when told to: all at once, after every one has answered, or none.</summary>
    /// <returns>How each stands that was asked for; none when this host has none of that name.</returns>
    /// <exception cref="SealingException">A store that is to be accepted cannot be asked, and nothing is changed; or what is remembered cannot be read.</exception>
    public async Task<Result<IReadOnlyList<StoreStanding>>> ExecuteAsync(StoreAcceptance input, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        var asked = stores.All.Where(s => input.Store is null || s.RememberedAs == input.Store).ToList();
        return await databases.RunAsync(db => LookAsync(db, asked, input.Accepts, actor, ct), ct);
    }

    private async Task<List<StoreStanding>> LookAsync(PortalDb db, List<ICheckpointStore> asked, bool accepts, Actor actor, CancellationToken ct)
    {
        // First what is remembered: a portal beside this raises it once the store has more.
        var sizes = await AuditStore.SizesAsync(db, asked, ct);
        var standings = new List<StoreStanding>();
        foreach (var store in asked)
            standings.Add(await AskAsync(store, sizes.TryGetValue(store.RememberedAs, out var size) ? size : null, mayFail: !accepts, ct));
        if (!accepts || !standings.Any(s => s.IsShort))
            return standings;

        var now = await clock.AskAsync(databaseClock, db, ct);
        var trail = new AuditTrail(db, actor, now);
        foreach (var (store, standing) in asked.Zip(standings).Where(s => s.Second.IsShort))
            Accept(db, trail, store, standing, now);
        await db.SaveChangesAsync(ct);
        return [.. standings.Select(s => s with { Accepted = s.IsShort })];
    }

    private static async Task<StoreStanding> AskAsync(ICheckpointStore store, long? remembered, bool mayFail, CancellationToken ct)
    {
        try
        {
            return new StoreStanding(store.RememberedAs, remembered, AuditStore.SizeOf(await store.LatestAsync(ct)));
        }
        catch (SealingException fault) when (mayFail)
        {
            // How the others stand is shown all the same.
            return new StoreStanding(store.RememberedAs, remembered, 0) { Fault = fault.Message };
        }
    }

    private static void Accept(PortalDb db, AuditTrail trail, ICheckpointStore store, StoreStanding standing, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7(now);
        // The rest of the row is not read: somebody may have changed it to what cannot be. Saved only while it says what was looked at.
        var row = new AuditStore(store.RememberedAs, store.Host, standing.Remembered!.Value, now);
        db.Attach(row);
        (row.Size, row.Acceptance) = (standing.Found, id);
        db.Entry(row).Property(s => s.SeenAt).IsModified = true;
        trail.RecordLate(id, AuditCode.StoreAccepted, AuditOutcome.Success, AuditSubject.Nothing, new AuditDetail(store.RememberedAs,
            string.Create(CultureInfo.InvariantCulture, $"held a checkpoint of {standing.Remembered} events; shows {(standing.Found == 0 ? "none" : $"one of {standing.Found}")}")));
    }
}
