using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Core.Approvals;
using Portal.Tests.World;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>Two portals on one PostgreSQL database and one cloud.</summary>
public sealed class TwoPortals : IAsyncLifetime
{
    private PortalDatabase? _database;

    /// <summary>The one.</summary>
    public Stage One { get; private set; } = null!;

    /// <summary>The other.</summary>
    public Stage Other { get; private set; } = null!;

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        if (PortalDatabase.WhyUnavailable(DatabaseKind.PostgreSql) is not null)
            return;
        _database = await PortalDatabase.CreateAsync(DatabaseKind.PostgreSql);
        One = new Stage(_database.ConnectionString, null);
        if (Chromium.Missing is not null)
            return;
        await One.StartAsync();
        Other = new Stage(_database.ConnectionString, One);
        await Other.StartAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Other is not null)
            await Other.DisposeAsync();
        if (One is not null)
            await One.DisposeAsync();
        if (_database is not null)
            await _database.DisposeAsync();
    }
}

/// <summary>What one portal changes is on the screens of the other.</summary>
public sealed class TwoPortalsTests(TwoPortals portals) : BrowserTest(portals.One), IClassFixture<TwoPortals>
{
    private const string Vault = "kv-payments-prod";

    // Notes in the page itself when each text first stands there.
    private const string Watch = """
        texts => {
          const look = () => { for (const text of texts) if (!(text in window.shownAt) && document.body.textContent.includes(text)) window.shownAt[text] = Date.now(); };
          window.shownAt = {};
          new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
        }
        """;

    private static readonly string[] Secrets = ["stripe-webhook-secret", "stripe-restricted-key", "adyen-hmac-key", "adyen-merchant-api-key", "klarna-api-password"];

    [Fact]
    public async Task A_request_at_the_one_is_in_the_inbox_at_the_other_within_a_second()
    {
        var here = await InboxAsync(portals.One);
        var there = await InboxAsync(portals.Other);
        string[] texts = [.. Secrets.Select(secret => $"Comparing {secret} with the partner's.")];
        foreach (var inbox in (Visitor[])[here, there])
            await inbox.Page.EvaluateAsync(Watch, texts);

        var lags = new List<double>();
        foreach (var (secret, text) in Secrets.Zip(texts))
        {
            await portals.One.AskAsync(Person.Mira, Vault, secret, TimeSpan.FromMinutes(30), text);
            await Expect(here.Page.GetByText(text)).ToBeVisibleAsync();
            await Expect(there.Page.GetByText(text)).ToBeVisibleAsync();
            lags.Add(await ShownAtAsync(there, text) - await ShownAtAsync(here, text));
        }

        // How fast a busy machine draws a page is not the question: how much later the other portal's is.
        Assert.All(lags, lag => Assert.InRange(lag, -1_000, 1_000));
    }

    [Fact]
    public async Task What_is_approved_at_the_other_goes_on_by_itself_on_the_page_at_the_one()
    {
        var asked = await portals.One.AskAsync(Person.Mira, Vault, "invoice-signing-passphrase", TimeSpan.FromMinutes(30), "Signing the corrected invoices.");
        var mira = new RequestPage(await SignedInAsync(Person.Mira, $"/requests/{asked.Reference}"));
        await Expect(mira.Main).ToContainTextAsync("Waiting for approval");
        await portals.Other.DecideAsync(Person.Priya, asked, Verdict.Approved);
        await Expect(mira.CurrentStep).ToContainTextAsync("Active");
        await portals.Other.RevokeAsync(Person.Tomas, asked, "Her laptop was stolen.");
        await Expect(mira.CurrentStep).ToContainTextAsync("Ended");
    }

    private async Task<Visitor> InboxAsync(Stage at)
    {
        var priya = await VisitorAsync(at: at);
        await priya.SignInAsync(Person.Priya, "/approvals");
        return priya;
    }

    private static Task<double> ShownAtAsync(Visitor visitor, string text) => visitor.Page.EvaluateAsync<double>("text => window.shownAt[text]", text);
}
