using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;

namespace Portal.Core.Grants;

/// <summary>Whether Azure takes another role assignment in a subscription: said before somebody approves, not after. Asked once a minute for each subscription; what cannot be asked is not known, and holds nobody up.</summary>
/// <param name="clock">How old an answer is.</param>
/// <param name="assignments">Whom to ask; null in a process that asks the cloud for nothing.</param>
public sealed class AssignmentRoom(TimeProvider clock, IRoleAssignments? assignments = null)
{
    /// <summary>With so few left it is worth a word to whoever asks and whoever decides.</summary>
    public const int Few = 100;

    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    // A person waits for the page; a cloud that is silent must not keep them.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, (AssignmentUsage? Usage, long At)> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What is left in the subscription of a scope.</summary>
    /// <returns>Null when there is plenty, when it is not known, and where no role assignment is made.</returns>
    public async Task<AssignmentUsage?> ScarceAsync(string scope, GrantProvider provider, CancellationToken ct)
    {
        if (provider == GrantProvider.GroupMembership || assignments is null)
            return null;
        var subscription = ArmId.SubscriptionOf(scope);
        if (!_known.TryGetValue(subscription, out var known) || clock.GetElapsedTime(known.At) > Fresh)
        {
            // Whoever comes while it is asked goes by the answer before.
            _known[subscription] = (known.Usage, clock.GetTimestamp());
            _known[subscription] = known = (await AskAsync(assignments, subscription, ct), clock.GetTimestamp());
        }

        return known.Usage is { Left: <= Few } few ? few : null;
    }

    /// <summary>Asks now, however fresh the last answer is. An answer brings the cloud's time along.</summary>
    public async Task LookAgainAsync(string scope, CancellationToken ct)
    {
        if (assignments is not null && ArmId.SubscriptionOf(scope) is var subscription)
            _known[subscription] = (await AskAsync(assignments, subscription, ct), clock.GetTimestamp());
    }

    /// <summary>Why a grant cannot be approved now: its subscription is full, and the role does not stand there already.</summary>
    /// <returns>Null when nothing is known to be in the way.</returns>
    public async Task<Refusal?> LackingAsync(PortalDb db, string scope, Guid principalId, Guid roleDefinitionId, GrantProvider provider, CancellationToken ct) =>
        (await LackingAllAsync(db, [(scope, principalId, roleDefinitionId, provider)], ct))[0];

    /// <summary>The same for a page of a list, in its order: the database is asked once at most.</summary>
    public async Task<IReadOnlyList<Refusal?>> LackingAllAsync(PortalDb db, IReadOnlyList<(string Scope, Guid PrincipalId, Guid RoleDefinitionId, GrantProvider Provider)> wanted, CancellationToken ct)
    {
        // All subscriptions at once: a cloud that is silent is waited for as long as for one of them.
        await Task.WhenAll(wanted.DistinctBy(w => (w.Provider, ArmId.SubscriptionOf(w.Scope).ToUpperInvariant())).Select(w => ScarceAsync(w.Scope, w.Provider, ct)));
        var full = new Dictionary<Guid, AssignmentUsage>();
        foreach (var (scope, principalId, roleDefinitionId, provider) in wanted)
            if (await ScarceAsync(scope, provider, ct) is { Left: 0 } usage)
                full[AssignmentName.Of(provider, scope, principalId, roleDefinitionId)] = usage;
        if (full.Count == 0)
            return [.. wanted.Select(_ => (Refusal?)null)];
        // More time for what stands needs no other assignment, as long as it is given the same way.
        foreach (var stands in await db.DesiredAssignments.Where(a => full.Keys.Contains(a.Id) && a.Observed == AssignmentObservation.Present).Select(a => a.Id).ToListAsync(ct))
            full.Remove(stands);
        return [.. wanted.Select(w => full.TryGetValue(AssignmentName.Of(w.Provider, w.Scope, w.PrincipalId, w.RoleDefinitionId), out var usage) ? new Refusal(RefusalCode.NoRoom, null, usage.Used, usage.Limit) : null)];
    }

    private async Task<AssignmentUsage?> AskAsync(IRoleAssignments assignments, string subscription, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            return await assignments.ReadUsageAsync(subscription, limit.Token);
        }
        catch (Exception fault) when (fault is CloudCallException || (fault is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // A forecast only: whether the role can be given shows when it is given, and is said then.
            return null;
        }
    }
}
