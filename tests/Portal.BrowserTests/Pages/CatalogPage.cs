using Microsoft.Playwright;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Pages;

/// <summary>The catalog.</summary>
public sealed class CatalogPage(Visitor visitor)
{
    private readonly IPage _page = visitor.Page;

    /// <summary>The secrets shown.</summary>
    public ILocator Rows => _page.GetByRole(AriaRole.Table, new() { Name = "Secrets" }).GetByRole(AriaRole.Row);

    /// <summary>Where the search is typed.</summary>
    public ILocator Search => _page.GetByRole(AriaRole.Searchbox, new() { Name = "Search secrets" });

    /// <summary>Goes there by the navigation.</summary>
    public Task GoAsync() => _page.GetByRole(AriaRole.Navigation, new() { Name = "Main" }).GetByRole(AriaRole.Link, new() { Name = "Catalog" }).ClickAsync();

    /// <summary>The row of a secret in a vault.</summary>
    public ILocator RowOf(string vault, string secret) => Rows.Filter(new() { Has = _page.GetByRole(AriaRole.Link, new() { Name = secret, Exact = true }) }).Filter(new() { HasText = vault });

    /// <summary>Opens the form for a secret.</summary>
    public Task AskForAsync(string vault, string secret) => RowOf(vault, secret).GetByRole(AriaRole.Link, new() { Name = "Request access" }).ClickAsync();
}
