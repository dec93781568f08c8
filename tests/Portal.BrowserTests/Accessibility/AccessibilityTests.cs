using System.Collections.Concurrent;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Accessibility;

/// <summary>Every screen, light and dark, wide and narrow: no violation of WCAG 2.2 AA that axe can find, and nothing that has to be scrolled sideways.</summary>
/// <param name="stage">Where the screens are.</param>
public abstract class AccessibilityTests(LooksStage stage) : BrowserTest(stage)
{
    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    // Each violation in a line: results whole are megabytes, most of them of what is well.
    private const string Violations = """
        async runOnly => (await axe.run(document, { runOnly, resultTypes: ['violations'] })).violations
            .flatMap(violation => violation.nodes.map(node => `${violation.id}: ${node.html} ${node.any.map(check => check.message).join('; ')}`))
        """;

    private static readonly object Rules = new { type = "tag", values = (string[])["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };

    // What a theme changes is colours; all else has been looked at in the light one.
    private static readonly object Colours = new { type = "rule", values = (string[])["color-contrast", "link-in-text-block"] };

    private static readonly ConcurrentDictionary<Person, string> SignedIn = new();

    private static readonly SemaphoreSlim WorldGate = new(1);

    private static ScreenWorld? s_world;

    /// <summary>Looks at a screen in each theme and width.</summary>
    protected async Task IsAccessibleAsync(string name)
    {
        var screen = Screens.All.Single(s => s.Name == name);
        var world = await WorldAsync();
        var visitor = await LooksAsync(screen.Who);
        visitor.Expected = screen.Complaint;
        await screen.OpenAsync(visitor, world);
        Assert.True(screen.Matches(visitor.Page.Url), $"{visitor.Page.Url} is not {screen.Template}.");

        await BringAxeAsync(visitor.Page);
        var found = new List<string>();
        foreach (var width in (int[])[1440, 390])
            foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
            {
                await visitor.Page.SetViewportSizeAsync(width, 900);
                await visitor.Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
                await RestAsync(visitor.Page);
                found.AddRange((await ViolationsAsync(visitor.Page, coloursOnly: scheme == ColorScheme.Dark)).Select(violation => $"{width} {scheme} {violation}"));
                var sideways = await visitor.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
                if (sideways > 0)
                    found.Add($"{width} {scheme} {sideways} pixels too wide: {await WidestAsync(visitor.Page)}");
                found.AddRange((await UndrawnAsync(visitor.Page)).Select(icon => $"{width} {scheme} an icon that is not drawn: {icon}"));
            }

        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found.Distinct()));
    }

    /// <summary>Brings axe into a page. Not by the library for Playwright: that opens a tab at each look, which takes as long as the look.</summary>
    protected static Task BringAxeAsync(IPage page) => page.EvaluateAsync(Axe);

    /// <summary>What axe finds in a page that it was brought into.</summary>
    protected static Task<string[]> ViolationsAsync(IPage page, bool coloursOnly) => page.EvaluateAsync<string[]>(Violations, coloursOnly ? Colours : Rules);

    private async Task<ScreenWorld> WorldAsync()
    {
        await WorldGate.WaitAsync();
        try
        {
            return s_world ??= await ScreenWorld.MakeAsync(Stage);
        }
        finally
        {
            WorldGate.Release();
        }
    }

    /// <summary>Somebody in front of an empty tab. Each person signs in once, for all of their screens.</summary>
    private async Task<Visitor> LooksAsync(Person? person)
    {
        if (person is null)
            return await VisitorAsync();
        if (SignedIn.TryGetValue(person, out var cookies))
            return await VisitorAsync(cookies: cookies);
        var visitor = await SignedInAsync(person);
        SignedIn[person] = await visitor.Context.StorageStateAsync();
        return visitor;
    }

    /// <summary>Colours on their way from one theme to the other are neither.</summary>
    private static Task RestAsync(IPage page) => page.EvaluateAsync(
        "async () => { await new Promise(requestAnimationFrame); await Promise.allSettled(document.getAnimations().filter(a => a.effect.getComputedTiming().iterations !== Infinity).map(a => a.finished)); }");

    /// <summary>Icons that take their place and show nothing: the name of none of the sheet's symbols, or a symbol that is not there.</summary>
    private static Task<string[]> UndrawnAsync(IPage page) => page.EvaluateAsync<string[]>(
        "[...document.querySelectorAll('svg:not(.icon-sheet) use')].filter(u => u.ownerSVGElement.getBoundingClientRect().width > 0 && u.getBBox().width === 0).map(u => u.outerHTML)");

    private static Task<string> WidestAsync(IPage page) => page.EvaluateAsync<string>(
        "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).slice(0, 3).map(e => e.cloneNode(false).outerHTML).join(' ')");
}
