using Microsoft.Playwright;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Pages;

/// <summary>The page of one request and of the access that came of it.</summary>
public sealed class RequestPage(Visitor visitor)
{
    private readonly IPage _page = visitor.Page;

    /// <summary>The step at which the access is.</summary>
    public ILocator CurrentStep => _page.GetByRole(AriaRole.List, new() { Name = "Steps of this access" }).Locator("[aria-current=step]");

    /// <summary>Everything on the page.</summary>
    public ILocator Main => _page.GetByRole(AriaRole.Main);

    /// <summary>How long the access still lasts.</summary>
    public ILocator Countdown => Main.GetByText("ends in").First;

    /// <summary>Tests the access.</summary>
    public ILocator Test => _page.GetByRole(AriaRole.Button, new() { Name = "Test my access" });

    /// <summary>What a test said.</summary>
    public ILocator TestAnswer => Main.GetByRole(AriaRole.Status);

    /// <summary>What happened, in order.</summary>
    public ILocator Timeline => _page.GetByRole(AriaRole.List, new() { Name = "What happened" }).GetByRole(AriaRole.Listitem);

    /// <summary>Opens it.</summary>
    public Task OpenAsync(string reference) => visitor.OpenAsync($"/requests/{reference}");

    /// <summary>Approves it, with or without a comment.</summary>
    public Task ApproveAsync() => _page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();

    /// <summary>Gives the access back early.</summary>
    public async Task GiveBackAsync()
    {
        await _page.GetByRole(AriaRole.Button, new() { Name = "Give back access" }).ClickAsync();
        await _page.GetByRole(AriaRole.Button, new() { Name = "Yes, give it back" }).ClickAsync();
    }

    /// <summary>Revokes the access of its holder.</summary>
    public async Task RevokeAsync(Person holder, string reason)
    {
        await _page.GetByRole(AriaRole.Button, new() { Name = $"Revoke the access of {holder.Name}" }).ClickAsync();
        await _page.GetByLabel($"Why does {holder.Name} lose this access?").FillAsync(reason);
        await _page.GetByRole(AriaRole.Button, new() { Name = "Revoke now" }).ClickAsync();
    }

    /// <summary>The codes of what happened, in the order shown.</summary>
    public Task<string[]> TimelineCodesAsync() => Timeline.EvaluateAllAsync<string[]>("items => items.map(item => item.dataset.code)");
}
