using Microsoft.AspNetCore.Components;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Accessibility;

/// <summary>The sandbox's pages, home and the catalog.</summary>
public sealed class CatalogScreenTests(LooksStage stage) : AccessibilityTests(stage)
{
    public static TheoryData<string> Names { get; } = Screens.Under(null, "", "catalog", "vaults");

    [Theory]
    [MemberData(nameof(Names))]
    public Task A_screen_is_accessible(string name) => IsAccessibleAsync(name);
}

/// <summary>Requests, approvals and grants.</summary>
public sealed class RequestScreenTests(LooksStage stage) : AccessibilityTests(stage)
{
    public static TheoryData<string> Names { get; } = Screens.Under("requests", "approvals", "grants");

    [Theory]
    [MemberData(nameof(Names))]
    public Task A_screen_is_accessible(string name) => IsAccessibleAsync(name);
}

/// <summary>All the others.</summary>
public sealed class OtherScreenTests(LooksStage stage) : AccessibilityTests(stage)
{
    public static TheoryData<string> Names { get; } = [.. Screens.All.Select(screen => screen.Name).Except(CatalogScreenTests.Names.Concat(RequestScreenTests.Names).Select(row => row.Data))];

    [Theory]
    [MemberData(nameof(Names))]
    public Task A_screen_is_accessible(string name) => IsAccessibleAsync(name);

    [Fact]
    public async Task What_is_wrong_with_a_page_is_found()
    {
        var page = (await VisitorAsync()).Page;
        await page.SetContentAsync("<html lang=en><title>Wrong</title><body><img src='data:,'><p style='color: #ccc; background: #fff'>Who can read this?</p></body></html>");
        await BringAxeAsync(page);
        string[] Found(string[] violations) => [.. violations.Select(violation => violation.Split(':')[0])];
        Assert.Equal(["color-contrast", "image-alt"], Found(await ViolationsAsync(page, coloursOnly: false)));
        Assert.Equal(["color-contrast"], Found(await ViolationsAsync(page, coloursOnly: true)));
    }

    [Fact]
    public void Every_page_of_the_portal_is_among_the_screens()
    {
        var templates = typeof(Program).Assembly.GetTypes()
            .SelectMany(type => type.GetCustomAttributes(typeof(RouteAttribute), inherit: false).Cast<RouteAttribute>())
            .Select(route => route.Template).Order(StringComparer.Ordinal);
        Assert.Equal(templates, Screens.All.Select(screen => screen.Template).OfType<string>().Distinct().Order(StringComparer.Ordinal));
    }
}
