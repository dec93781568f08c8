using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Portal.BrowserTests.World;

/// <summary>Somebody at a browser of their own: own cookies, one tab. Everything that the browser complains about is kept.</summary>
public sealed class Visitor
{
    // A violation is an event before it is a line on the console; both end up there.
    private const string TellViolations = "document.addEventListener('securitypolicyviolation', e => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));";

    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly CircuitTrace _trace = new();
    private readonly IBrowserContext _context;

    private Visitor(Stage stage, IBrowserContext context, IPage page)
    {
        Stage = stage;
        _context = context;
        Page = page;
    }

    /// <summary>The sandbox and the portal.</summary>
    public Stage Stage { get; }

    /// <summary>Their tab.</summary>
    public IPage Page { get; }

    /// <summary>Their browser's cookies and downloads.</summary>
    public IBrowserContext Context => _context;

    /// <summary>What the browser complained about, but for what the test said that it expects.</summary>
    public IReadOnlyList<string> Complaints => [.. _complaints];

    /// <summary>What went over the page's circuit last, for a failure whose picture does not say why.</summary>
    public string Trace => _trace.ToString();

    /// <summary>A part of complaints that this test causes on purpose, such as a status; null for none.</summary>
    public string? Expected { get; set; }

    internal static async Task<Visitor> ArriveAsync(Stage stage, bool phone, string? cookies)
    {
        var context = await stage.Browser.NewContextAsync(new()
        {
            BaseURL = stage.Address,
            ViewportSize = phone ? new() { Width = 390, Height = 844 } : new() { Width = 1440, Height = 900 },
            StorageState = cookies,
            IsMobile = phone,
            HasTouch = phone,
            Locale = "en-GB",
            TimezoneId = "Europe/Berlin",
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(30_000);
        await context.AddInitScriptAsync(TellViolations);
        await context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"], new() { Origin = stage.Address });
        var visitor = new Visitor(stage, context, await context.NewPageAsync());
        visitor.Page.Console += (_, message) =>
        {
            if (message.Type == "error")
                visitor.Note($"{message.Text} at {message.Location}");
        };
        visitor._trace.Follow(visitor.Page);
        visitor.Page.PageError += (_, error) => visitor.Note(error);
        return visitor;
    }

    /// <summary>Signs in on the sandbox's page, starting at an address of the portal, and waits until the page is alive.</summary>
    public async Task SignInAsync(Person person, string url = "/")
    {
        await Page.GotoAsync(url);
        await new Pages.SandboxSignInPage(Page).ChooseAsync(person);
        await AliveAsync();
    }

    /// <summary>Opens an address of the portal anew, and waits until the page is alive.</summary>
    public async Task OpenAsync(string url)
    {
        await Page.GotoAsync(url);
        await AliveAsync();
    }

    /// <summary>Waits for the circuit: before that, buttons are only pictures of buttons.</summary>
    public Task AliveAsync() => Page.Locator("[data-interactive]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>Takes back what the browser complained about so far: it was provoked.</summary>
    public void Forget() => _complaints.Clear();

    internal Task LeaveAsync() => _context.DisposeAsync().AsTask();

    private void Note(string complaint)
    {
        if (Expected is null || !complaint.Contains(Expected, StringComparison.Ordinal))
            _complaints.Enqueue(complaint);
    }
}
