using Microsoft.Playwright;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Pages;

/// <summary>The sandbox's sign-in page.</summary>
public sealed class SandboxSignInPage(IPage page)
{
    /// <summary>Its heading.</summary>
    public ILocator Heading => page.GetByRole(AriaRole.Heading, new() { Name = "Who are you today?" });

    /// <summary>The people to choose from.</summary>
    public ILocator People => page.GetByRole(AriaRole.Listitem);

    /// <summary>The way to the reader page.</summary>
    public ILocator ReaderLink => page.GetByRole(AriaRole.Link, new() { Name = "Read a secret as one of them" });

    /// <summary>Signs in as somebody.</summary>
    public Task ChooseAsync(Person person) => page.GetByRole(AriaRole.Button, new() { Name = person.Name }).ClickAsync();
}
