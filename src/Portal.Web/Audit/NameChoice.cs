using Portal.Core.Catalog;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>Proposes vaults, and secrets of the vault that is chosen, while their names are typed. Any other name may be asked for: the trail knows what the catalog may not.</summary>
internal sealed class NameChoice(SearchNames search, CurrentActor current)
{
    private int _turn;

    /// <summary>Vaults for what was typed last.</summary>
    public IReadOnlyList<string> Vaults { get; private set; } = [];

    /// <summary>Secrets for what was typed last.</summary>
    public IReadOnlyList<string> Secrets { get; private set; } = [];

    /// <summary>Looks for vaults.</summary>
    public async Task ProposeVaultsAsync(string? typed) => Vaults = await FindAsync(new NameQuery(typed ?? "")) ?? Vaults;

    /// <summary>Looks for secrets of a vault; without one there are none to propose.</summary>
    public async Task ProposeSecretsAsync(string? vault, string? typed) =>
        Secrets = string.IsNullOrWhiteSpace(vault) ? [] : await FindAsync(new NameQuery(typed ?? "", vault.Trim())) ?? Secrets;

    // Null when something else was typed meanwhile, and when nothing may be proposed.
    private async Task<IReadOnlyList<string>?> FindAsync(NameQuery query)
    {
        var mine = ++_turn;
        var result = await search.ExecuteAsync(query, await current.GetAsync(), CancellationToken.None);
        return mine == _turn && result.Succeeded ? result.Value : null;
    }
}
