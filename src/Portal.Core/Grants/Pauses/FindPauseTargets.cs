using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Pauses;

/// <summary>Something that can be paused.</summary>
/// <param name="Subject">What.</param>
/// <param name="Detail">What tells it from another of the same name: the UPN, the environment; null for nothing.</param>
/// <param name="Live">How many grants that a pause would cover hold a role now.</param>
/// <param name="Waiting">How many wait for theirs.</param>
public sealed record PauseCandidate(PauseSubject Subject, string? Detail, int Live, int Waiting);

/// <summary>What to look for.</summary>
/// <param name="Target">What kind of thing.</param>
/// <param name="Text">Words of a person's name or UPN, or of a vault's or secret's name.</param>
public sealed record PauseTargetQuery(PauseTarget Target, string Text);

/// <summary>Finds what an administrator may want to pause, and says how much it would cover.</summary>
public sealed class FindPauseTargets(IDbContextFactory<PortalDb> databases)
{
    private const int Most = 6;

    /// <summary>Finds at most six of a kind; all new grants are always one.</summary>
    public async Task<Result<IReadOnlyList<PauseCandidate>>> ExecuteAsync(PauseTargetQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Administrator) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        var words = PersonText.CheckOptional(input.Text, "text", 200) is null ? input.Text.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(4).ToList() : [];
        List<(PauseSubject Subject, string? Detail)> found = input.Target switch
        {
            PauseTarget.Everything => [(new PauseSubject(PauseTarget.Everything), null)],
            PauseTarget.Principal => words.Count == 0 ? [] : await PeopleAsync(db, words, ct),
            PauseTarget.Scope => words.Count == 0 ? [] : [.. await VaultsAsync(db, words, ct), .. await SecretsAsync(db, words, ct)],
        };
        var candidates = new List<PauseCandidate>();
        foreach (var (subject, detail) in found)
        {
            var covered = subject.Among(db.Grants).Where(g => g.State != GrantState.Ended);
            candidates.Add(new PauseCandidate(subject, detail, await covered.CountAsync(g => g.ActivatedAt != null, ct), await covered.CountAsync(g => g.ActivatedAt == null, ct)));
        }

        return candidates;
    }

    private static async Task<List<(PauseSubject, string?)>> PeopleAsync(PortalDb db, IEnumerable<string> words, CancellationToken ct)
    {
        var people = db.People.AsNoTracking();
        foreach (var word in words)
            people = people.Where(p => p.SearchText.Contains(word));
        var found = await people.OrderBy(p => p.DisplayName).Take(Most).ToListAsync(ct);
        return [.. found.Select(p => (new PauseSubject(PauseTarget.Principal, new PrincipalId(p.TenantId, p.ObjectId), p.DisplayName), p.UserPrincipalName))];
    }

    private static async Task<List<(PauseSubject, string?)>> VaultsAsync(PortalDb db, IEnumerable<string> words, CancellationToken ct)
    {
        var vaults = db.Vaults.AsNoTracking();
        foreach (var word in words)
            vaults = vaults.Where(v => v.Name.ToLower().Contains(word));
        var found = await vaults.OrderBy(v => v.Name).Take(Most).ToListAsync(ct);
        return [.. found.Select(v => (new PauseSubject(PauseTarget.Scope, Scope: v.ArmId, VaultName: v.Name), (string?)v.Environment))];
    }

    private static async Task<List<(PauseSubject, string?)>> SecretsAsync(PortalDb db, IEnumerable<string> words, CancellationToken ct)
    {
        var secrets = db.Secrets.AsNoTracking().Include(s => s.Vault).AsQueryable();
        foreach (var word in words)
            secrets = secrets.Where(s => s.SearchText.Contains(word));
        var found = await secrets.OrderBy(s => s.Name).Take(Most).ToListAsync(ct);
        return [.. found.Select(s => (new PauseSubject(PauseTarget.Scope, Scope: s.ArmId, VaultName: s.Vault.Name, SecretName: s.Name), (string?)s.Vault.Environment))];
    }
}
