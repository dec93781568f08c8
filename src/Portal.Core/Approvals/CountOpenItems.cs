using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Requests;

namespace Portal.Core.Approvals;

/// <summary>What has no end yet, and what was looked at in a period.</summary>
/// <param name="PendingRequests">Requests that nobody has decided.</param>
/// <param name="LiveGrants">Grants that are promised, active or being ended.</param>
/// <param name="NeedAttention">Of them, those whose call to the cloud does not go through.</param>
/// <param name="OpenDrift">Differences between what should be in the cloud and what was found there.</param>
/// <param name="ActivePauses">Pauses that hold grants up.</param>
/// <param name="Comparisons">How often in the period the cloud was compared with what should be there, as far as it is still known.</param>
/// <param name="FailedComparisons">Of them, those that could not look everywhere.</param>
public sealed record OpenItems(int PendingRequests, int LiveGrants, int NeedAttention, int OpenDrift, int ActivePauses, int Comparisons, int FailedComparisons);

/// <summary>Counts for auditors what has no end yet.</summary>
public sealed class CountOpenItems(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Counts it.</summary>
    /// <param name="input">The period for what was looked at; what is open is counted as of now.</param>
    /// <param name="actor">An auditor.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<Result<OpenItems>> ExecuteAsync(EvidencePeriod input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Auditor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        var runs = db.ReconciliationRuns.AsQueryable();
        if (input.From is { } from)
            runs = runs.Where(r => r.FinishedAt >= from);
        if (input.To is { } to)
            runs = runs.Where(r => r.FinishedAt < to);
        return new OpenItems(
            await db.AccessRequests.CountAsync(r => r.State == RequestState.Pending, ct),
            await db.Grants.CountAsync(g => g.State != GrantState.Ended, ct),
            await db.Grants.CountAsync(g => g.State != GrantState.Ended && g.AttentionCode != null, ct),
            await db.Drifts.CountAsync(d => d.ResolvedAt == null, ct),
            await db.AccessPauses.CountAsync(p => p.LiftedAt == null, ct),
            await runs.CountAsync(ct),
            await runs.CountAsync(r => r.FailedVaults > 0, ct));
    }
}
