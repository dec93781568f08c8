using Microsoft.Playwright;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Pages;

/// <summary>An approver's inbox.</summary>
public sealed class ApprovalsPage(Visitor visitor)
{
    private readonly IPage _page = visitor.Page;

    /// <summary>Opens it.</summary>
    public Task OpenAsync() => visitor.OpenAsync("/approvals");

    /// <summary>The entry of a request.</summary>
    public ILocator EntryOf(string reference) =>
        _page.GetByRole(AriaRole.Article).Filter(new() { Has = _page.GetByRole(AriaRole.Link, new() { Name = reference, Exact = true }) });

    /// <summary>Approves a request.</summary>
    public Task ApproveAsync(string reference) => EntryOf(reference).GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();

    /// <summary>Denies a request.</summary>
    public async Task DenyAsync(string reference, string comment)
    {
        await EntryOf(reference).GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        await EntryOf(reference).GetByLabel("Why not?").FillAsync(comment);
        await EntryOf(reference).GetByRole(AriaRole.Button, new() { Name = "Deny with this comment" }).ClickAsync();
    }
}
