using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Accessibility;

/// <summary>Every screen there is. A page that is not in here fails a test.</summary>
public static class Screens
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Screen> All { get; } =
    [
        new("sandbox: front page", null, null, (v, _) => v.Page.GotoAsync(v.Stage.Sandbox.Addresses.FrontPage)),
        new("sandbox: sign-in", null, null, (v, _) => v.Page.GotoAsync("/")),
        new("sandbox: reader", null, null, (v, _) => new SandboxReaderPage(v).OpenAsync()),
        new("sandbox: a value", null, null, (v, _) => ReadAsync(v, "paypal-client-secret", "canary")),
        new("sandbox: a refusal", null, null, (v, _) => ReadAsync(v, "card-vault-client-secret", "403")),

        new("home of an engineer", "/", Person.Mira, (v, _) => ShowsAsync(v, "/", "paypal-client-secret")),
        new("home of an approver", "/", Person.Priya, (v, w) => ShowsAsync(v, "/", "To approve")),
        new("home of an administrator", "/", Person.Tomas, (v, _) => ShowsAsync(v, "/", Person.Mira.Name)),
        new("home without anything", "/", Person.Jonas, (v, _) => ShowsAsync(v, "/", "Home")),
        new("account menu", "/", Person.Mira, (v, _) => PressAsync(v, "/", "Account of Mira Okafor", "Sign out")),
        new("keyboard help", "/", Person.Mira, (v, _) => PressKeyAsync(v, "/", "?", "Keyboard shortcuts")),

        new("catalog", "/catalog", Person.Mira, (v, _) => ShowsAsync(v, "/catalog", "kv-payments-prod")),
        new("whole catalog", "/catalog", Person.Ingrid, (v, _) => ShowsAsync(v, "/catalog?show=all", "kv-platform-prod")),
        new("catalog without a match", "/catalog", Person.Mira, (v, _) => ShowsAsync(v, "/catalog?q=nosuchsecret", "Nothing matches")),
        new("vault", "/catalog/{VaultName}", Person.Mira, (v, _) => ShowsAsync(v, "/catalog/kv-payments-test", "stripe-webhook-secret")),
        new("locked vault", "/catalog/{VaultName}", Person.Mira, (v, _) => ShowsAsync(v, "/catalog/kv-platform-prod?show=all", "grafana-admin-password")),
        new("unknown vault", "/catalog/{VaultName}", Person.Mira, (v, _) => ShowsAsync(v, "/catalog/kv-nowhere", "There is no vault of this name")),
        new("request form", "/catalog/{VaultName}/{SecretName}", Person.Mira, (v, _) => ShowsAsync(v, "/catalog/kv-payments-prod/stripe-webhook-secret", "payments-approvers")),
        new("request form, refused", "/catalog/{VaultName}/{SecretName}", Person.Mira, RefusedFormAsync),
        new("request form, set start and other length", "/catalog/{VaultName}/{SecretName}", Person.Mira, CustomFormAsync),
        new("request form, more time", "/catalog/{VaultName}/{SecretName}", Person.Mira, (v, w) => ShowsAsync(v, $"/catalog/kv-payments-prod/paypal-client-secret?again={w.Active.Reference}", "You ask for more time.")),
        new("request form of somebody else's secret", "/catalog/{VaultName}/{SecretName}", Person.Jonas, (v, _) => ShowsAsync(v, "/catalog/kv-payments-prod/stripe-webhook-secret", "You cannot ask for this")),
        new("request form of a whole vault", "/vaults/{VaultName}/request", Person.Mira, (v, _) => ShowsAsync(v, "/vaults/kv-payments-test/request", "Send request")),

        new("my requests", "/requests", Person.Mira, (v, w) => ShowsAsync(v, "/requests", w.Denied.Reference)),
        new("everyone's requests", "/requests", Person.Tomas, (v, w) => ShowsAsync(v, "/requests?of=everyone", w.Denied.Reference)),
        new("request that waits", "/requests/{Reference}", Person.Mira, (v, w) => ShowsAsync(v, $"/requests/{w.Waiting.Reference}", "Withdraw the request")),
        new("request to decide", "/requests/{Reference}", Person.Priya, (v, w) => ShowsAsync(v, $"/requests/{w.Waiting.Reference}", "Your decision")),
        new("request that is active, tested", "/requests/{Reference}", Person.Mira, TestedAsync),
        new("request that is scheduled", "/requests/{Reference}", Person.Mira, (v, w) => ShowsAsync(v, $"/requests/{w.Scheduled.Reference}", "CHG-20418")),
        new("request that was revoked", "/requests/{Reference}", Person.Mira, (v, w) => ShowsAsync(v, $"/requests/{w.Ended.Reference}", "The bank has withdrawn its request.")),
        new("request that was denied", "/requests/{Reference}", Person.Mira, (v, w) => ShowsAsync(v, $"/requests/{w.Denied.Reference}", "The read-only connection is enough")),
        new("request, revoking", "/requests/{Reference}", Person.Tomas, (v, w) => PressAsync(v, $"/requests/{w.Active.Reference}", "Revoke the access of Mira Okafor", "Revoke now")),
        new("request, giving back", "/requests/{Reference}", Person.Mira, (v, w) => PressAsync(v, $"/requests/{w.Active.Reference}", "Give back access", "Yes, give it back")),
        new("request, cancelling", "/requests/{Reference}", Person.Mira, (v, w) => PressAsync(v, $"/requests/{w.Scheduled.Reference}", "Cancel access", "Yes, cancel it")),
        new("request of somebody else", "/requests/{Reference}", Person.Jonas, (v, w) => ShowsAsync(v, $"/requests/{w.Active.Reference}", "Request not found"), "404"),

        new("approvals", "/approvals", Person.Priya, (v, w) => ShowsAsync(v, "/approvals", w.Waiting.Reference)),
        new("approvals, denying", "/approvals", Person.Priya, DenyingAsync),
        new("approvals without anything", "/approvals", Person.Tomas, (v, _) => ShowsAsync(v, "/approvals", "Nothing waits for you")),
        new("my access", "/grants", Person.Mira, (v, _) => ShowsAsync(v, "/grants", "paypal-client-secret")),
        new("everyone's access that ended", "/grants", Person.Tomas, (v, _) => ShowsAsync(v, "/grants?show=ended&of=everyone", "bank-sftp-password")),

        new("operations", "/operations", Person.Tomas, (v, _) => ShowsAsync(v, "/operations", "No grant needs attention.")),
        new("operations, pausing", "/operations", Person.Tomas, (v, _) => PressAsync(v, "/operations", "Pause access", "What to pause")),
        new("runbook", "/operations/runbook", Person.Tomas, (v, _) => ShowsAsync(v, "/operations/runbook", "ScopeLocked")),
        new("runbook, a code", "/operations/runbook/{Code}", Person.Tomas, (v, _) => ShowsAsync(v, "/operations/runbook/ScopeLocked", "What to do")),

        new("policies", "/policies", Person.Mira, (v, _) => ShowsAsync(v, "/policies", "payments-production")),
        new("policy", "/policies/{PolicyName}", Person.Mira, (v, _) => ShowsAsync(v, "/policies/payments-production", "payments-approvers")),
        new("audit", "/audit", Person.Ingrid, (v, w) => ShowsAsync(v, "/audit", w.Waiting.Reference)),
        new("audit, an event opened", "/audit", Person.Ingrid, EventAsync),
        new("audit, inverted range", "/audit", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "The range ends before it starts.")),
        new("audit, searched", "/audit", Person.Ingrid, (v, w) => ShowsAsync(v, "/audit?text=paypal", w.Active.Reference)),
        new("audit, nothing found", "/audit", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit?text=nosuchword", "Nothing matches")),
        new("audit, a day", "/audit", Person.Ingrid, (v, w) => ShowsAsync(v, $"/audit?from={v.Stage.Clock.GetUtcNow():yyyy-MM-dd}&to={v.Stage.Clock.GetUtcNow().AddDays(1):yyyy-MM-dd}", w.Waiting.Reference)),
        new("audit, timeline of a secret", "/audit", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit?vault=kv-payments-prod&secret=paypal-client-secret&view=timeline", "Timeline of paypal-client-secret")),
        new("audit, saving a filter", "/audit", Person.Ingrid, SavingAsync),
        new("audit questions", "/audit/questions", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit/questions", "What did administrators change?")),
        new("audit question that lacks a vault", "/audit/questions/{Question}", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit/questions/access", "Which vault?")),
        new("audit question, who had access", "/audit/questions/{Question}", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit/questions/access?vault=kv-payments-prod&secret=paypal-client-secret", "had access to paypal-client-secret")),
        new("audit question, what was held", "/audit/questions/{Question}", Person.Ingrid, (v, _) => ShowsAsync(v, $"/audit/questions/held?person={Person.Mira.Id}", "Mira Okafor had access to")),
        new("audit question, who approved whom", "/audit/questions/{Question}", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit/questions/approvals", "requests were approved")),
        new("audit question, never used", "/audit/questions/{Question}", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit/questions/unused", "that began")),
        new("audit question, around the rules", "/audit/questions/{Question}", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit/questions/around", "Denied, then approved")),
        new("audit question, changes", "/audit/questions/{Question}", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit/questions/changes", "changes by those who run the portal")),
        new("audit charts", "/audit/charts", Person.Ingrid, ChartsAsync),
        new("retention and holds", "/audit/holds", Person.Ingrid, (v, _) => ShowsAsync(v, "/audit/holds", "Place a legal hold")),
        new("my history", "/audit", Person.Mira, (v, w) => ShowsAsync(v, "/audit", w.Waiting.Reference)),

        new("not found", "/not-found", Person.Mira, (v, _) => ShowsAsync(v, "/not-found", "Not found"), "404"),
        new("problem", "/problem/{Status:int}", Person.Mira, (v, _) => StaticAsync(v, "/problem/429", "Too many requests"), "429"),
        new("not allowed", "/account/forbidden", null, (v, _) => StaticAsync(v, "/account/forbidden", "Not allowed"), "403"),
        new("signed out", "/account/signed-out", null, (v, _) => StaticAsync(v, "/account/signed-out", "You are signed out")),
        new("sign-in failed", "/account/sign-in-failed", null, (v, _) => StaticAsync(v, "/account/sign-in-failed", "The sign-in did not work")),
        new("access changed", "/account/access-changed", null, (v, _) => StaticAsync(v, "/account/access-changed", "Signed out because your access changed")),
    ];

    /// <summary>The names of those below certain first parts of the address; null stands for the sandbox's.</summary>
    public static TheoryData<string> Under(params string?[] roots) => [.. All.Where(screen => roots.Contains(screen.Template?.Split('/')[1])).Select(screen => screen.Name)];

    private static ILocator Text(Visitor visitor, string text) => visitor.Page.Locator("body").GetByText(text).Locator("visible=true").First;

    private static async Task ShowsAsync(Visitor visitor, string url, string text)
    {
        await visitor.OpenAsync(url);
        await Expect(Text(visitor, text)).ToBeVisibleAsync();
        // Loading rows are a screen that nobody stays on.
        await Expect(visitor.Page.Locator("[aria-busy=true]")).ToHaveCountAsync(0);
    }

    private static async Task StaticAsync(Visitor visitor, string url, string text)
    {
        await visitor.Page.GotoAsync(url);
        await Expect(Text(visitor, text)).ToBeVisibleAsync();
    }

    private static async Task ReadAsync(Visitor visitor, string secret, string text)
    {
        var reader = new SandboxReaderPage(visitor);
        await reader.OpenAsync();
        await reader.ReadAsync(Person.Mira, "kv-payments-prod", secret);
        await Expect(reader.Verdict).ToContainTextAsync(text);
        await visitor.Page.GetByText("In a terminal").ClickAsync();
    }

    private static async Task PressAsync(Visitor visitor, string url, string button, string text)
    {
        await visitor.OpenAsync(url);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = button }).First.ClickAsync();
        await Expect(Text(visitor, text)).ToBeVisibleAsync();
    }

    private static async Task PressKeyAsync(Visitor visitor, string url, string key, string dialog)
    {
        await visitor.OpenAsync(url);
        await visitor.Page.Keyboard.PressAsync(key);
        await Expect(visitor.Page.GetByRole(AriaRole.Dialog, new() { Name = dialog })).ToBeVisibleAsync();
    }

    private static async Task RefusedFormAsync(Visitor visitor, ScreenWorld world)
    {
        var form = new RequestFormPage(visitor);
        await form.OpenAsync("kv-payments-prod", "stripe-webhook-secret");
        await form.Send.ClickAsync();
        await Expect(form.JustificationProblem).ToContainTextAsync("This text is empty");
    }

    private static async Task CustomFormAsync(Visitor visitor, ScreenWorld world)
    {
        var form = new RequestFormPage(visitor);
        await form.OpenAsync("kv-payments-prod", "stripe-webhook-secret");
        await form.ChooseLengthAsync("Other");
        await visitor.Page.GetByLabel("Length", new() { Exact = true }).FillAsync("soon");
        await visitor.Page.GetByRole(AriaRole.Radio, new() { Name = "At a set time" }).CheckAsync();
        await form.Send.ClickAsync();
        await Expect(Text(visitor, "This is not a number.")).ToBeVisibleAsync();
    }

    private static async Task TestedAsync(Visitor visitor, ScreenWorld world)
    {
        var request = new RequestPage(visitor);
        await request.OpenAsync(world.Active.Reference);
        await request.Test.ClickAsync();
        await Expect(Text(visitor, "The secret is open to you.")).ToBeVisibleAsync();
        await visitor.Page.GetByText("Show C#").ClickAsync();
    }

    private static async Task DenyingAsync(Visitor visitor, ScreenWorld world)
    {
        var inbox = new ApprovalsPage(visitor);
        await inbox.OpenAsync();
        var entry = inbox.EntryOf(world.Waiting.Reference);
        await entry.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        await entry.GetByRole(AriaRole.Button, new() { Name = "Deny with this comment" }).ClickAsync();
        await Expect(entry).ToContainTextAsync("A denial needs a comment.");
        await entry.Locator("summary").ClickAsync();
    }

    private static async Task SavingAsync(Visitor visitor, ScreenWorld world)
    {
        await visitor.OpenAsync("/audit?vault=kv-payments-prod");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save this filter" }).ClickAsync();
        await visitor.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("Payments");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Payments", Exact = true })).ToBeVisibleAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save this filter" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(Text(visitor, "This text is empty")).ToBeVisibleAsync();
    }

    private static async Task ChartsAsync(Visitor visitor, ScreenWorld world)
    {
        await ShowsAsync(visitor, "/audit/charts", "Events per day");
        await visitor.Page.GetByText("Show as a table").First.ClickAsync();
    }

    private static async Task EventAsync(Visitor visitor, ScreenWorld world)
    {
        await visitor.OpenAsync($"/audit?request={world.Ended.Reference}");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Show all fields of event" }).First.ClickAsync();
        await Expect(Text(visitor, "Correlation id")).ToBeVisibleAsync();
        // A checkpoint is signed within half a minute; the page looks until then.
        await Expect(visitor.Page.Locator(".event-proof.is-verified")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await visitor.Page.GetByText("Show the proof").ClickAsync();
    }
}
