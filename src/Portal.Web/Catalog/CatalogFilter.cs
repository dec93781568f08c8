using Portal.Core.Requests;
using Portal.Web.Layout;

namespace Portal.Web.Catalog;

/// <summary>What the catalog page shows, as its address says it.</summary>
/// <param name="Search">Words that must all occur; null for none.</param>
/// <param name="Environment">Only this environment; null for all.</param>
/// <param name="Vault">Only this vault; null for all.</param>
/// <param name="Show"><c>all</c> or <c>mine</c>; null for what suits the reader.</param>
public sealed record CatalogFilter(string? Search = null, string? Environment = null, string? Vault = null, string? Show = null)
{
    /// <summary>Everything there is.</summary>
    public const string All = "all";

    /// <summary>What the reader may ask for.</summary>
    public const string Mine = "mine";

    /// <summary>The address of this view.</summary>
    public string Url => Vault is { } vault ? PortalUrls.Vault(vault, Search, Show) : PortalUrls.CatalogWith(Search, Environment, Show);

    /// <summary>Whether anything is left out beside what is not the reader's to ask for.</summary>
    public bool Narrows => !string.IsNullOrWhiteSpace(Search) || !string.IsNullOrEmpty(Environment);

    /// <summary>Whether only what the reader may ask for is shown. Those who may ask see their own first, unless they wish otherwise.</summary>
    /// <param name="mayAsk">Whether the reader has the role that asks.</param>
    public bool OnlyMine(bool mayAsk) => Show switch
    {
        All => false,
        Mine => true,
        _ => mayAsk && Vault is null,
    };

    /// <summary>The question to the catalog.</summary>
    public CatalogQuery ToQuery(bool mayAsk, string? after, int take) => new(Search, Environment, Vault, OnlyMine(mayAsk), after, take);
}
