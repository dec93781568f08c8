using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants.Claims;
using Portal.Core.Identity;
using Portal.Core.Policies;

namespace Portal.Core.Grants;

/// <summary>Looks again at all that an approval rested on, just before a role is given: in the cloud, in the directory, in the policies. Granting fails closed: what cannot be looked at is not granted.</summary>
public sealed class GrantPreconditions(IDbContextFactory<PortalDb> databases, DatabaseInTime database, IVaultInventory inventory, IDirectory directory, IRoleAssignments assignments, ClockWatch clocks, AuditHealth audit, PoliciesInForce policiesInForce, TimeProvider timer)
{
    /// <summary>Looks for some grants of one trio, side by side.</summary>
    /// <param name="grants">The grants.</param>
    /// <param name="patience">After how long whoever nothing is known of yet is held back as if nobody had answered; null for as long as it takes.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Who may be given the role, and who is held back and why: by a code of <see cref="GrantConditions"/>, or by the provider's when something could not be asked.</returns>
    public async Task<Clearance> ClearAsync(IReadOnlyCollection<Grant> grants, TimeSpan? patience, CancellationToken ct)
    {
        using var enough = new CancellationTokenSource(patience ?? Timeout.InfiniteTimeSpan, timer);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, enough.Token);
        var found = await Task.WhenAll(grants.Select(async grant => (grant.Id, Why: await HoldsBackAsync(grant, either.Token, ct))));
        return new Clearance(
            found.Where(f => f.Why is null).Select(f => f.Id).ToHashSet(),
            found.Where(f => f.Why is not null).ToDictionary(f => f.Id, f => f.Why!));
    }

    // Null when the grant may be given.
    private async Task<CloudCallException?> HoldsBackAsync(Grant grant, CancellationToken enough, CancellationToken ct)
    {
        // Before they are read: they may be loaded in between, and are not judged by as they were.
        if (policiesInForce.Wait)
            return new CloudCallException(AttentionCode.PoliciesNotLoaded, "The portal was started with other policies than the database holds, and the database did not take them yet. Nothing is given by the old ones.", null, isTransient: true);
        try
        {
            // The clocks last, because what was asked has just brought Resource Manager's time along.
            return (GrantConditions.FirstUnmet(grant, await ReadAsync(grant, enough)) ?? GrantConditions.UnmetByClock(clocks.Skew()) ?? await UnmetByAuditAsync(enough)) is { } unmet
                ? new CloudCallException(unmet.Code, unmet.Message, status: null, isTransient: false)
                : null;
        }
        catch (CloudCallException fault)
        {
            return fault;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new CloudCallException(AttentionCode.NoAnswer, "What giving rests on could not be looked at in time.", status: null, isTransient: true);
        }
        catch (Exception fault) when (DatabaseFault.Is(fault))
        {
            // It says nothing of the others in the trio, whose end may be in the same turn.
            return new CloudCallException(AttentionCode.DatabaseUnread, "What giving rests on could not be read from the portal's own database. Its words are in the portal's log.", status: null, isTransient: true, inner: fault);
        }
    }

    private Task<UnmetCondition?> UnmetByAuditAsync(CancellationToken ct) => database.ReadAsync(async inTime =>
    {
        await using var db = await databases.CreateDbContextAsync(inTime);
        return GrantConditions.UnmetByAudit((await audit.ReadAsync(db, clocks.Now(), inTime))?.Hold);
    }, ct);

    /// <summary>A secret as the catalog last saw it, minutes ago at most. One that it does not know counts as there: the vault may not let itself be listed.</summary>
    internal static async Task<SecretCondition> SecretAsync(PortalDb db, Grant grant, CancellationToken ct)
    {
        if (grant.SecretName is null)
            return SecretCondition.Fine;
        var known = await db.Secrets.Where(s => s.ArmId == grant.Scope).Select(s => new { s.DeletedAt, s.Enabled }).FirstOrDefaultAsync(ct);
        return known switch
        {
            { DeletedAt: not null } => SecretCondition.Gone,
            { Enabled: false } => SecretCondition.Disabled,
            _ => SecretCondition.Fine,
        };
    }

    private async Task<GrantFacts> ReadAsync(Grant grant, CancellationToken ct)
    {
        // A person waits for this: everything is asked at once.
        var vaultId = ArmId.VaultOf(grant.Scope);
        var scope = inventory.InspectAsync(vaultId, grant.SecretName, ct);
        var role = inventory.ReadRoleAsync(vaultId, grant.RoleDefinitionId, ct);
        var holder = directory.StandingOfAsync(grant.Principal, ct);
        var approver = grant.Approver is { } who ? directory.FindAsync(who, ct) : Task.FromResult<DirectoryPrincipal?>(null);
        var held = grant.GroupId is { } group ? assignments.ListAtAsync(grant.Scope, group, ct) : Task.FromResult<IReadOnlyList<AssignmentSeen>>([]);
        // All of them end before anything is decided, so that none fails unseen.
        await Task.WhenAll(scope, role, holder, approver, held).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var (policies, secret) = await database.ReadAsync(async inTime =>
        {
            await using var db = await databases.CreateDbContextAsync(inTime);
            return (await db.AccessPolicies.AsNoTracking().Where(p => p.RetiredAt == null || p.Id == grant.PolicyId).ToListAsync(inTime), await SecretAsync(db, grant, inTime));
        }, ct);
        return new GrantFacts(await scope, await role, await holder, await approver, policies.Find(p => p.Id == grant.PolicyId), [.. policies.Where(p => p.RetiredAt is null)]) { HeldByGroup = await held, Secret = secret };
    }
}
