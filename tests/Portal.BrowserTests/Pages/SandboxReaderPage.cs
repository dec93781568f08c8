using Microsoft.Playwright;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Pages;

/// <summary>The sandbox's page that reads a secret as a person.</summary>
public sealed class SandboxReaderPage(Visitor visitor)
{
    private readonly IPage _page = visitor.Page;

    /// <summary>What came of reading.</summary>
    public ILocator Verdict => _page.GetByRole(AriaRole.Status);

    /// <summary>Opens it.</summary>
    public Task OpenAsync() => _page.GotoAsync(visitor.Stage.Sandbox.Addresses.ReaderPage);

    /// <summary>Reads a secret as somebody.</summary>
    public async Task ReadAsync(Person person, string vault, string secret)
    {
        await _page.GetByLabel("Person").SelectOptionAsync(person.Id.ToString());
        await _page.GetByLabel("Secret", new() { Exact = true }).SelectOptionAsync($"{vault}/{secret}");
        await _page.GetByRole(AriaRole.Button, new() { Name = "Read", Exact = true }).ClickAsync();
    }
}
