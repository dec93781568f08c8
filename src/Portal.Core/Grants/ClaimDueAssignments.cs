using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>A row that a worker holds, and the number under which it may save what came of it.</summary>
/// <param name="AssignmentId">The row.</param>
/// <param name="Fence">The number of the claim.</param>
/// <param name="SubscriptionId">The subscription that the calls count against.</param>
/// <param name="ToEnd">True when it was claimed as one where access may have to be taken away.</param>
public sealed record AssignmentClaim(Guid AssignmentId, long Fence, string SubscriptionId, bool ToEnd);

/// <summary>What was claimed.</summary>
/// <param name="Claims">The rows, the most urgent first.</param>
/// <param name="MoreIsDue">True when rows were left because their subscription can take no more calls now, or because enough were claimed.</param>
public sealed record ClaimedWork(IReadOnlyList<AssignmentClaim> Claims, bool MoreIsDue);

/// <summary>What became of claims that more time was asked for. Those that are in neither are lost.</summary>
/// <param name="Held">The rows that are held for longer.</param>
/// <param name="Settled">The rows that their own turn gave back a moment ago, and that nobody has taken since: there is nothing to hold, and nothing to give up.</param>
public sealed record RenewedClaims(IReadOnlySet<Guid> Held, IReadOnlySet<Guid> Settled);

/// <summary>Takes due work, judged by the database's time. A claim is a lease: whoever dies with it loses it, and whoever outlives it cannot save.</summary>
/// <remarks>Ends come before gives, then the most privileged, then the longest due. A subscription that is full, asks to wait or has no calls left is passed over, so that it holds up no other. What does not answer this instance is left to instances that it answers: see <see cref="LooksLeftToOthers"/>.</remarks>
public sealed class ClaimDueAssignments(IDbContextFactory<PortalDb> databases, IDueWork dueWork, IDatabaseClock databaseClock, ClockWatch clock, CallPacing pacing, WorkUnderWay underWay, LeftToOthers leftToOthers, UntoldCalls untold, StepBack stepBack, GrantPace pace)
{
    // Giving looks at the vault, its locks, the role and the result; a reserve of reads is kept for looking at what was taken away.
    private const int ReadsPerGive = 4;
    private const int ReadsKeptForEnds = 50;

    // So that what was told is found by the next look at once, where nothing else is to do.
    private static readonly TimeSpan TellingWaits = TimeSpan.FromMilliseconds(100);

    /// <summary>While a subscription does not answer this instance, what has become due there is left to the others for so many looks (<see cref="GrantPace.LookEvery"/>); and so is a row whose last call from here got no answer, whatever was answered since. What nobody took by then this instance tries by itself.</summary>
    public const int LooksLeftToOthers = 3;

    /// <summary>Claims at most <paramref name="most"/> rows.</summary>
    public async Task<Result<ClaimedWork>> ExecuteAsync(int most, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var now = await clock.AskAsync(databaseClock, db, ct);
        await stepBack.MendAsync(db, now, ct);
        var left = leftToOthers.At(now, pace.LookEvery * LooksLeftToOthers);
        var claims = new List<LaneClaim>();
        var moreIsDue = false;
        foreach (var lane in await dueWork.FindAsync(db, now, left, ct))
        {
            var room = Math.Min(Math.Min(RoomFor(lane, claims, now), most - claims.Sum(c => c.Most)), lane.Rows);
            moreIsDue |= room < lane.Rows;
            if (room > 0)
                claims.Add(new LaneClaim(lane.SubscriptionId, lane.ToEnd, lane.PrivilegeRank, room, now, now + pace.Lease));
        }

        IReadOnlyList<AssignmentClaim> claimed = claims.Count == 0 ? [] : await dueWork.ClaimAsync(db, claims, left, ct);
        // What is due matters more, and a row that somebody else holds locked must not hold it up.
        var telling = untold.TellAsync(now);
        // Nor one that hangs: the next look would come as late as that.
        if (claimed.Count == 0)
            await Task.WhenAny(telling, Task.Delay(TellingWaits, CancellationToken.None));
        return new ClaimedWork(claimed, moreIsDue);
    }

    /// <summary>Holds claims for another <see cref="GrantPace.Lease"/>.</summary>
    /// <returns>The rows that are still held, and those that need not be. The claims on the others are lost: what is under way there must not go on.</returns>
    public async Task<RenewedClaims> RenewAsync(IReadOnlyCollection<AssignmentClaim> claims, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var now = await clock.AskAsync(databaseClock, db, ct);
        var held = await dueWork.RenewAsync(db, claims, now + pace.Lease, ct);
        var others = claims.Where(c => !held.Contains(c.AssignmentId)).ToDictionary(c => c.AssignmentId, c => c.Fence);
        if (others.Count == 0)
            return new RenewedClaims(held, new HashSet<Guid>());
        // Read after it, not in it: a turn's own save may have been what it waited for.
        var free = await db.DesiredAssignments.AsNoTracking().Where(a => EF.Parameter(others.Keys.ToList()).Contains(a.Id) && a.LeaseUntil == null).Select(a => new { a.Id, a.Fence }).ToListAsync(ct);
        return new RenewedClaims(held, free.Where(row => others[row.Id] == row.Fence).Select(row => row.Id).ToHashSet());
    }

    /// <summary>Makes the next look, and whatever else begins now, by connections that are new.</summary>
    public void ForsakeIdleConnections()
    {
        using var db = databases.CreateDbContext();
        dueWork.ForsakeIdle(db);
    }

    private int RoomFor(DueLane lane, List<LaneClaim> claiming, DateTimeOffset now)
    {
        var (id, toEnd) = (lane.SubscriptionId, lane.ToEnd);
        var silent = pacing.IsSilent(id);
        // A failed try would not only take its time, but put the row off for everybody.
        if (silent && now - lane.Oldest < pace.LookEvery * LooksLeftToOthers)
            return 0;
        var taken = claiming.Where(c => c.SubscriptionId == id).ToList();
        var workers = underWay.Room(id, toEnd, silent, taken.Sum(c => c.Most), claiming.Sum(c => c.Most));
        // Each row in work is taken to have its call still before it.
        var sameKind = underWay.Of(id, toEnd) + taken.Where(c => c.ToEnd == toEnd).Sum(c => c.Most);
        var calls = toEnd
            ? pacing.Room(id, CallKind.Delete)
            : Math.Min(pacing.Room(id, CallKind.Write) - CallPacing.KeptForEnds(CallKind.Write), (pacing.Room(id, CallKind.Read) - ReadsKeptForEnds) / ReadsPerGive);
        return Math.Max(0, Math.Min(workers, calls - sameKind));
    }
}
