using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Pages;

/// <summary>The audit trail, or one's own history.</summary>
public sealed class AuditPage(Visitor visitor)
{
    private readonly IPage _page = visitor.Page;

    /// <summary>The events shown.</summary>
    public ILocator Rows => _page.GetByRole(AriaRole.Table, new() { Name = "Audit events" }).Locator("tr[data-code]");

    /// <summary>Opens it.</summary>
    public Task OpenAsync(string query = "") => visitor.OpenAsync("/audit" + query);

    /// <summary>Narrows the list to one request, by its filter.</summary>
    public async Task FilterByRequestAsync(string reference)
    {
        await _page.GetByRole(AriaRole.Searchbox, new() { Name = "Request", Exact = true }).FillAsync(reference);
        await _page.GetByRole(AriaRole.Button, new() { Name = "Apply" }).ClickAsync();
        // Asked again and again: waiting for the navigation misses one that ends just before.
        await Assertions.Expect(_page).ToHaveURLAsync(new Regex($"/audit\\?.*{reference}"), new() { Timeout = 30_000 });
    }

    /// <summary>The codes of the events shown, in the order shown.</summary>
    public Task<string[]> CodesAsync() => Rows.EvaluateAllAsync<string[]>("rows => rows.map(row => row.dataset.code)");

    /// <summary>Downloads what is shown.</summary>
    /// <returns>The file.</returns>
    public async Task<byte[]> ExportAsync()
    {
        await _page.GetByRole(AriaRole.Button, new() { Name = "Export" }).ClickAsync();
        var download = await _page.RunAndWaitForDownloadAsync(() => _page.GetByRole(AriaRole.Link, new() { Name = "CSV" }).ClickAsync());
        return await File.ReadAllBytesAsync(await download.PathAsync());
    }
}
