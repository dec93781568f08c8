using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Policies;

/// <summary>Takes the configured policies into the database: what changed becomes a new version, what is gone is retired.</summary>
public sealed class LoadPolicies(IDbContextFactory<PortalDb> databases, IDatabaseClock databaseClock, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>Loads them.</summary>
    /// <param name="policies">In order of precedence; checked by <see cref="PolicyDefinitionCheck"/>.</param>
    /// <param name="actor">Must be the system.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many versions took effect.</returns>
    /// <exception cref="ArgumentException">The policies are not valid.</exception>
    public async Task<Result<int>> ExecuteAsync(IReadOnlyList<PolicyDefinition> policies, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        if (PolicyDefinitionCheck.FaultsOf(policies) is { Count: > 0 } faults)
            throw new ArgumentException(string.Join(' ', faults), nameof(policies));

        var loaded = await databases.RunAsync(db => LoadAsync(db, policies, actor, ct), ct);
        if (loaded > 0)
            changes.Publish(new PortalChange(ChangeKind.Policy));
        return loaded;
    }

    private async Task<int> LoadAsync(PortalDb db, IReadOnlyList<PolicyDefinition> policies, Actor actor, CancellationToken ct)
    {
        // At the start nobody has asked the database for its time yet.
        var now = await clock.AskAsync(databaseClock, db, ct);
        var trail = new AuditTrail(db, actor, now);
        var current = await db.AccessPolicies.Where(p => p.RetiredAt == null).ToListAsync(ct);
        var loaded = 0;
        for (var rank = 0; rank < policies.Count; rank++)
        {
            var definition = policies[rank];
            var standing = current.SingleOrDefault(p => p.Name == definition.Name);
            if (standing is not null)
                current.Remove(standing);
            if (standing?.DefinitionJson == definition.ToJson())
            {
                standing.Reorder(rank);
                continue;
            }

            standing?.Retire(now);
            var last = await db.AccessPolicies.Where(p => p.Name == definition.Name).MaxAsync(p => (int?)p.Version, ct);
            var policy = new AccessPolicy(definition, (last ?? 0) + 1, rank, now);
            db.AccessPolicies.Add(policy);
            trail.Record(AuditCode.PolicyLoaded, Subject(policy), new AuditDetail(Comment: policy.DefinitionJson));
            loaded++;
        }

        foreach (var gone in current)
        {
            gone.Retire(now);
            trail.Record(AuditCode.PolicyRetired, Subject(gone));
        }

        await db.SaveChangesAsync(ct);
        return loaded;
    }

    private static AuditSubject Subject(AccessPolicy policy) => new() { PolicyName = policy.Name, PolicyVersion = policy.Version };
}
