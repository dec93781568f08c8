using Portal.Core.Data;

namespace Portal.Core.Grants.Claims;

/// <summary>The seam to each database's own way of handing out due work so that no row is handed out twice.</summary>
public interface IDueWork
{
    /// <summary>Whether a connection can die without a word, so that nothing tells it from a database that is slow.</summary>
    bool ConnectionsMayDie { get; }

    /// <summary>Where work is due that nobody holds, the most urgent first: ends before gives, then the most privileged, then the longest due. With nothing due this is one look into an index.</summary>
    /// <param name="db">The database.</param>
    /// <param name="now">The database's time.</param>
    /// <param name="left">What is left to other instances, where there can be others.</param>
    /// <param name="ct">Cancels.</param>
    Task<IReadOnlyList<DueLane>> FindAsync(PortalDb db, DateTimeOffset now, IReadOnlyList<LeftRow> left, CancellationToken ct);

    /// <summary>Takes rows of some lanes in one transaction: of each the longest due first. What another worker is taking at this moment is passed over.</summary>
    /// <returns>What was taken, lane by lane, in that order; fewer than asked for, or none, when others were faster.</returns>
    Task<IReadOnlyList<AssignmentClaim>> ClaimAsync(PortalDb db, IReadOnlyList<LaneClaim> claims, IReadOnlyList<LeftRow> left, CancellationToken ct);

    /// <summary>Holds claims for longer, in one statement.</summary>
    /// <returns>The rows that are still held under the number that claimed them; the others are lost.</returns>
    Task<IReadOnlySet<Guid>> RenewAsync(PortalDb db, IReadOnlyCollection<AssignmentClaim> claims, DateTimeOffset until, CancellationToken ct);

    /// <summary>Gives up the connections that lie idle, where there are any that can die: one of them has, and the others are no younger. What is under way goes on.</summary>
    void ForsakeIdle(PortalDb db);
}

/// <summary>Work of one kind and one privilege that is due in one subscription.</summary>
/// <param name="SubscriptionId">The subscription that the calls count against.</param>
/// <param name="ToEnd">True for rows where access may have to be taken away, false for those where it is only to be given.</param>
/// <param name="PrivilegeRank">The privilege rank that they have in common.</param>
/// <param name="Rows">How many rows are due and held by nobody.</param>
/// <param name="Oldest">Since when the longest due of them is due.</param>
public sealed record DueLane(string SubscriptionId, bool ToEnd, int PrivilegeRank, int Rows, DateTimeOffset Oldest);

/// <summary>What to take of a lane.</summary>
/// <param name="SubscriptionId">The lane's subscription.</param>
/// <param name="ToEnd">The lane's kind.</param>
/// <param name="PrivilegeRank">The lane's privilege rank.</param>
/// <param name="Most">How many rows at most.</param>
/// <param name="Now">The database's time.</param>
/// <param name="LeaseUntil">Until when they are held.</param>
public sealed record LaneClaim(string SubscriptionId, bool ToEnd, int PrivilegeRank, int Most, DateTimeOffset Now, DateTimeOffset LeaseUntil);
