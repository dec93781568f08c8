using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>What to test.</summary>
/// <param name="GrantId">The grant.</param>
/// <param name="Tokens">Where the holder's own token comes from.</param>
public sealed record AccessTest(Guid GrantId, IDelegatedTokens Tokens);

/// <summary>Asks Key Vault, as the holder, whether they reach the secret now. The first time that they do is recorded.</summary>
public sealed class TestAccess(IDbContextFactory<PortalDb> databases, IAccessProbe probe, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>Tests it.</summary>
    public async Task<Result<ProbeAnswer>> ExecuteAsync(AccessTest input, Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } nobody)
            return nobody;

        Grant? grant;
        string? vaultUri;
        await using (var db = await databases.CreateDbContextAsync(ct))
        {
            grant = await db.Grants.AsNoTracking().SingleOrDefaultAsync(g => g.Id == input.GrantId, ct);
            if (grant is null)
                return new Refusal(RefusalCode.NotFound);
            if (!actor.Is(grant.Principal))
            {
                var refusal = new Refusal(RefusalCode.NotFound);
                new AuditTrail(db, actor, clock.Now()).AttemptRefused(nameof(TestAccess), refusal, grant.Subject());
                await db.SaveChangesAsync(ct);
                return refusal;
            }

            var vaultId = ArmId.VaultOf(grant.Scope);
            vaultUri = await db.Vaults.Where(v => v.ArmId == vaultId).Select(v => v.VaultUri).SingleOrDefaultAsync(ct);
        }

        if (vaultUri is null)
            return new Refusal(RefusalCode.ScopeUnknown);
        if (grant.SecretName is null)
            return new Refusal(RefusalCode.NothingToTest);

        try
        {
            var answer = await probe.ProbeAsync(new Uri(vaultUri), grant.SecretName, input.Tokens, ct);
            if (answer.Verdict == ProbeVerdict.Open)
                await NoteEffectiveAsync(grant.Id, actor, ct);
            return answer;
        }
        catch (CloudCallException fault)
        {
            return new Refusal(RefusalCode.CloudUnreachable, null, fault.Code);
        }
    }

    private Task<bool> NoteEffectiveAsync(Guid grantId, Actor actor, CancellationToken ct) => databases.RunAsync(async db =>
    {
        var now = clock.Now();
        var grant = await db.Grants.SingleAsync(g => g.Id == grantId, ct);
        // Standing access, or one that outlived its grant, would answer too: only while the grant is active is it the grant's doing.
        if (grant.State != GrantState.Active || !grant.NoteEffective(now))
            return false;
        new AuditTrail(db, actor, now).GrantEffective(grant);
        await db.SaveChangesAsync(ct);
        changes.Publish(new PortalChange(ChangeKind.Grant, grant.RequestId, grant.PrincipalObjectId));
        return true;
    }, ct);
}
