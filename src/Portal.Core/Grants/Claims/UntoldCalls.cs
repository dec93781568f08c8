using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Grants.Claims;

/// <summary>Calls of this instance that were given up, or whose outcome could not be saved, and that nobody could be told of because the database was gone. Told at the first look for work that it answers. Safe for several threads; a process that dies forgets them.</summary>
public sealed class UntoldCalls(IDbContextFactory<PortalDb> databases)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<AssignmentClaim, DateTimeOffset?> _calls = [];

    /// <summary>Nobody could be told.</summary>
    /// <param name="claim">The claim of the turn.</param>
    /// <param name="putAt">When the call was announced, if it may have given access; null when it has not.</param>
    public void Remember(AssignmentClaim claim, DateTimeOffset? putAt)
    {
        lock (_lock)
            _calls[claim] = putAt;
    }

    /// <summary>Tells whoever has the rows by now, and forgets what is told. What cannot be told yet stays for the next time, and is nobody's fault.</summary>
    /// <param name="now">The database's time.</param>
    /// <param name="ct">Cancels.</param>
    public async Task TellAsync(DateTimeOffset now, CancellationToken ct)
    {
        foreach (var (claim, putAt) in All())
        {
            try
            {
                await databases.RunAsync(db => TellAsync(db, claim, putAt, now, ct), ct);
            }
            catch (Exception) when (!ct.IsCancellationRequested)
            {
                // The database is still away, or this one row cannot be written: the look goes on, since what is due matters more.
                return;
            }

            lock (_lock)
                _calls.Remove(claim);
        }
    }

    private static async Task<bool> TellAsync(PortalDb db, AssignmentClaim claim, DateTimeOffset? putAt, DateTimeOffset now, CancellationToken ct)
    {
        // A claim that nobody has taken over says by itself, when it is, that its call was never answered.
        if (await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == claim.AssignmentId, ct) is not { } row || row.Fence == claim.Fence)
            return false;
        row.Doubt(now, lateCall: true, putAt);
        await db.SaveChangesAsync(ct);
        return true;
    }

    private IReadOnlyList<KeyValuePair<AssignmentClaim, DateTimeOffset?>> All()
    {
        lock (_lock)
            return _calls.Count == 0 ? [] : [.. _calls];
    }
}
