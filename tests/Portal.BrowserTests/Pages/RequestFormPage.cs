using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Pages;

/// <summary>The form that asks for access.</summary>
public sealed partial class RequestFormPage(Visitor visitor)
{
    private readonly IPage _page = visitor.Page;

    /// <summary>Why.</summary>
    public ILocator Justification => _page.GetByLabel("Why", new() { Exact = true });

    /// <summary>The ticket.</summary>
    public ILocator Ticket => _page.GetByLabel("Ticket");

    /// <summary>What will happen.</summary>
    public ILocator Forecast => _page.GetByRole(AriaRole.Complementary, new() { Name = "What will happen" });

    /// <summary>What sends it.</summary>
    public ILocator Send => _page.GetByRole(AriaRole.Button, new() { Name = "Send request" });

    /// <summary>What is wrong with the justification.</summary>
    public ILocator JustificationProblem => _page.Locator("#justification-problem");

    /// <summary>Opens the form for a secret.</summary>
    public Task OpenAsync(string vault, string secret) => visitor.OpenAsync($"/catalog/{vault}/{secret}");

    /// <summary>Chooses one of the lengths offered, such as <c>30 min</c>.</summary>
    public Task ChooseLengthAsync(string length) => _page.GetByRole(AriaRole.Radio, new() { Name = length }).CheckAsync();

    /// <summary>Sends it and waits for the request's own page.</summary>
    /// <returns>What the request is called.</returns>
    public async Task<string> SendAsync()
    {
        await Send.ClickAsync();
        await Assertions.Expect(_page).ToHaveURLAsync(RequestAddress(), new() { Timeout = 30_000 });
        return RequestAddress().Match(_page.Url).Groups[1].Value;
    }

    [GeneratedRegex("/requests/([^/?#]+)$")]
    internal static partial Regex RequestAddress();
}
