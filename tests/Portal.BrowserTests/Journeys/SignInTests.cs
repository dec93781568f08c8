using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>Coming and going.</summary>
[Collection(World.Journeys.Name)]
public sealed class SignInTests(Stage stage) : BrowserTest(stage)
{
    [Fact]
    public async Task Who_is_not_signed_in_is_sent_to_sign_in_and_comes_back_to_where_they_wanted_to_go()
    {
        var mira = await VisitorAsync();
        await mira.Page.GotoAsync("/catalog?show=all");
        await Expect(new SandboxSignInPage(mira.Page).Heading).ToBeVisibleAsync();
        await Expect(new SandboxSignInPage(mira.Page).People).ToHaveCountAsync(5);
        await new SandboxSignInPage(mira.Page).ChooseAsync(Person.Mira);
        await Expect(mira.Page).ToHaveURLAsync($"{Stage.Address}/catalog?show=all");
        await Expect(mira.Page.GetByRole(AriaRole.Button, new() { Name = "Account of Mira Okafor" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Signing_out_ends_it()
    {
        var mira = await SignedInAsync(Person.Mira);
        await mira.Page.GetByRole(AriaRole.Button, new() { Name = "Account of Mira Okafor" }).ClickAsync();
        await mira.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(mira.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("You are signed out");
        await mira.Page.GotoAsync("/");
        await Expect(new SandboxSignInPage(mira.Page).Heading).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("/\t/evil.example/")]
    [InlineData("javascript:alert(1)")]
    public async Task Signing_in_leads_nowhere_but_to_this_portal(string returnUrl)
    {
        var mira = await VisitorAsync();
        await mira.SignInAsync(Person.Mira, $"/account/signin?returnUrl={Uri.EscapeDataString(returnUrl)}");
        await Expect(mira.Page).ToHaveURLAsync($"{Stage.Address}/");
    }
}
