using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Questions;

/// <summary>Who had access to what, when.</summary>
/// <param name="VaultName">The vault, by its exact name.</param>
/// <param name="SecretName">The secret, by its exact name; null for anything in the vault.</param>
/// <param name="Period">When.</param>
public sealed record AccessQuestion(string? VaultName, string? SecretName, AuditPeriod Period);

/// <summary>Who had access to a secret at any moment of a period: by a grant for it or for its whole vault, and by what was found to stand besides.</summary>
public sealed class WhoHadAccess(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    /// <summary>Answers.</summary>
    public async Task<Result<AccessAnswer>> ExecuteAsync(AccessQuestion input, Actor actor, CancellationToken ct)
    {
        if ((input.Period.Fault(actor) ?? PersonText.CheckRequired(input.VaultName, "vault", AuditFilter.MaxTextLength) ?? new AuditFilter { SecretName = input.SecretName }.Fault()) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.WhoHadAccess, input.Period.AsFilter() with { VaultName = input.VaultName, SecretName = input.SecretName }), actor, ct);
        if (await NeverSeenAsync(db, input.VaultName!, input.SecretName, ct) is { } unknown)
            return unknown;
        var about = db.AuditEvents.AsNoTracking().Where(e => e.VaultName == input.VaultName);
        if (!string.IsNullOrEmpty(input.SecretName))
            about = about.Where(e => e.SecretName == input.SecretName || e.SecretName == null);
        return await AccessSpans.OverlappingAsync(db, about, input.Period, ct);
    }

    /// <summary>"Nobody had access" is the right answer for what is there, and a dangerous one for a name with a letter too few.</summary>
    private static async Task<Refusal?> NeverSeenAsync(PortalDb db, string vault, string? secret, CancellationToken ct)
    {
        // The catalog forgets nothing; a trail may be older than it, where a portal's catalog was begun anew.
        if (!await db.Vaults.AnyAsync(v => v.Name == vault, ct))
            return await db.AuditEvents.AnyAsync(e => e.VaultName == vault, ct) ? null : new Refusal(RefusalCode.VaultNeverSeen, "vault", vault);
        return string.IsNullOrEmpty(secret) || await db.Secrets.AnyAsync(s => s.Name == secret && s.Vault.Name == vault, ct) ? null : new Refusal(RefusalCode.SecretNeverSeen, "secret", secret, vault);
    }
}
