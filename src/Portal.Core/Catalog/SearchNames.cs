using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Catalog;

/// <summary>What to look for.</summary>
/// <param name="Text">Part of a name; capitals do not count. Empty for any.</param>
/// <param name="SecretsOf">The vault whose secrets are meant, by its exact name; null for vaults.</param>
public sealed record NameQuery(string Text, string? SecretsOf = null);

/// <summary>Finds vaults, or secrets of a vault, by part of their name: also those that are gone, for whoever asks about the past. Everyone with a role may look: names are no secrets here.</summary>
public sealed class SearchNames(IDbContextFactory<PortalDb> databases)
{
    private const int Most = 20;

    /// <summary>Finds at most twenty names, in their order.</summary>
    public async Task<Result<IReadOnlyList<string>>> ExecuteAsync(NameQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } refusal)
            return refusal;
        if (PersonText.CheckOptional(input.Text, "text", 200) is not null || PersonText.CheckOptional(input.SecretsOf, "vault", 200) is not null)
            return Result.Of<IReadOnlyList<string>>([]);
        var part = input.Text.ToLowerInvariant();
        await using var db = await databases.CreateDbContextAsync(ct);
        var names = input.SecretsOf is { } vault
            ? db.Secrets.AsNoTracking().Where(s => s.Vault.Name == vault).Select(s => s.Name)
            : db.Vaults.AsNoTracking().Select(v => v.Name);
        return Result.Of<IReadOnlyList<string>>(await names.Where(n => n.ToLower().Contains(part)).Distinct().OrderBy(n => n).Take(Most).ToListAsync(ct));
    }
}
