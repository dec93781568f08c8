using Bunit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Requests;
using Portal.Tests.World;
using Portal.Web.Catalog;
using Portal.Web.SignIn;

namespace Portal.Tests.Web;

/// <summary>The catalog page: what its address says is what it shows, and the other way round.</summary>
public sealed class CatalogBrowserTests : BunitContext
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_may_ask_sees_their_own_first_and_the_rest_on_request()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("/catalog");
        Assert.Equal(["ledger-db-password", "stripe-api-key"], Secrets(page));
        Assert.Equal("Mine to ask for", page.Find(".chip[aria-current]").TextContent.Trim());

        this.GoTo(page.FindAll(".chip").Single(c => c.TextContent.Contains("Everything", StringComparison.Ordinal)).GetAttribute("href")!);
        page.WaitForAssertion(() => Assert.Equal(6, Secrets(page).Count));
        Assert.Equal("Everything", page.Find(".chip[aria-current]").TextContent.Trim());
        Assert.Equal("/catalog?show=all", this.Address());
    }

    [Fact]
    public async Task Who_may_not_ask_sees_everything_and_no_button()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        var page = Open("/catalog");
        Assert.Equal(6, Secrets(page).Count);
        Assert.Empty(page.FindAll(".ask"));
    }

    [Fact]
    public async Task Each_row_says_what_governs_it_and_what_stands_in_the_way()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("/catalog?show=all");
        Assert.Contains("up to 8 h · payments-approvers approve", Row(page, "stripe-api-key"), StringComparison.Ordinal);
        Assert.Contains("Request access", Row(page, "stripe-api-key"), StringComparison.Ordinal);
        Assert.Contains("For members of logistics-engineers", Row(page, "carrier-token"), StringComparison.Ordinal);
        Assert.Contains("ticket needed", Row(page, "carrier-token"), StringComparison.Ordinal);
        Assert.Contains("This secret is disabled", Row(page, "old-gateway-key"), StringComparison.Ordinal);
        Assert.Contains("keep-platform", Row(page, "root-ca-key"), StringComparison.Ordinal);
        Assert.Contains("access policies", Row(page, "erp-admin"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_says_what_the_reader_asked_for_and_holds()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        await world.PromiseAsync();
        await world.WorkAsync();
        var waiting = await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var page = Open("/catalog");
        Assert.Contains("You have access", Row(page, "stripe-api-key"), StringComparison.Ordinal);
        Assert.Contains(waiting.Reference, Row(page, "ledger-db-password"), StringComparison.Ordinal);
        Assert.DoesNotContain("Request access", Row(page, "ledger-db-password"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_approved_and_begins_later_is_said_to_be_approved_and_not_held()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(3)));
        var row = Row(Open("/catalog"), "stripe-api-key");
        Assert.DoesNotContain("You have access", row, StringComparison.Ordinal);
        Assert.Contains("Approved for you", row, StringComparison.Ordinal);
        Assert.Contains("starts in 3 h", row, StringComparison.Ordinal);
        Assert.Contains("Request access", row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Typing_goes_into_the_address_after_a_pause_and_not_before()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("/catalog?show=all");
        page.Find("input[type=search]").Input("carr");
        page.Find("input[type=search]").Input("carrier");
        Assert.Equal("/catalog?show=all", this.Address());

        world.Clock.Advance(TimeSpan.FromSeconds(1));

        page.WaitForAssertion(() => Assert.Equal(["carrier-token"], Secrets(page)));
        Assert.Equal("/catalog?q=carrier&show=all", this.Address());
    }

    [Fact]
    public async Task The_address_decides_what_is_shown()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("/catalog?q=ledger&environment=production");
        Assert.Equal(["ledger-db-password"], Secrets(page));
        Assert.Equal("ledger", page.Find("input[type=search]").GetAttribute("value"));
    }

    [Theory]
    [InlineData("/catalog?q=zzz", "Search the whole catalog")]
    [InlineData("/catalog?q=zzz&show=all", "Clear search and filters")]
    public async Task Nothing_found_says_what_to_do_next(string address, string action)
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        this.GoTo(address);
        Assert.Equal(action, Render<CatalogBrowser>().WaitForElement(".empty-state a").TextContent);
    }

    [Fact]
    public async Task A_vault_shows_all_of_its_secrets_and_its_own_offer()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        this.GoTo("/catalog/kv-payments-prod");
        var page = Render<CatalogBrowser>(p => p.Add(c => c.VaultName, "kv-payments-prod"));
        page.WaitForElement("tbody tr");
        Assert.Equal(3, Secrets(page).Count);
        Assert.Equal("/vaults/kv-payments-prod/request", page.Find(".whole .button").GetAttribute("href"));
        Assert.Equal("kv-payments-prod", page.Find(".vaults [aria-current] .vault-name").TextContent);
    }

    [Fact]
    public async Task A_vault_that_is_not_there_is_said_to_be_unknown()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        this.GoTo("/catalog/kv-elsewhere");
        Render<CatalogBrowser>(p => p.Add(c => c.VaultName, "kv-elsewhere")).WaitForElement(".empty-state");
    }

    [Fact]
    public async Task What_changes_in_the_catalog_is_shown_without_asking()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("/catalog");
        world.Inventory.RemoveSecret(Company.LedgerPassword);
        await Services.GetService<SyncCatalog>()!.ExecuteAsync(Portal.Core.Identity.Actor.System, Xunit.TestContext.Current.CancellationToken);
        page.WaitForAssertion(() => Assert.Equal(["stripe-api-key"], Secrets(page)));
    }

    [Fact]
    public async Task A_catalog_with_little_for_the_reader_is_looked_through_a_few_parts_at_a_time_and_says_that_there_is_more()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        const int Many = (2 * BrowseCatalog.MostLookedAt) + 500;
        await using (var db = world.OpenDb())
        {
            var vault = await db.Vaults.SingleAsync(v => v.ArmId == Company.PaymentsVault, Ct);
            db.Secrets.AddRange(Enumerable.Range(0, Many).Select(i => new Secret(vault, FakeVaultInventory.Secret($"s-{i:00000}"), PortalWorld.Start)));
            await db.SaveChangesAsync(Ct);
        }

        await world.LoadPoliciesAsync([Company.Policies[0] with { Secrets = [$"s-{Many - 1:00000}"] }, .. Company.Policies.Skip(1)]);
        var counted = 0;
        world.DatabaseFaults.BreakCommand = command =>
        {
            // Once for each part.
            if (command.CommandText.Contains("GROUP BY", StringComparison.Ordinal))
                Interlocked.Increment(ref counted);
            return null;
        };
        this.GoTo("/catalog");
        var page = Render<CatalogBrowser>();
        Assert.Contains("more to look through", page.WaitForElement(".empty-state", Patience).TextContent, StringComparison.Ordinal);
        Assert.Empty(Secrets(page));
        Assert.Equal(2, counted);

        await page.Find(".load-more button").ClickAsync(new());
        Assert.Equal([$"s-{Many - 1:00000}"], Secrets(page));
        Assert.Equal(3, counted);

        // What is read anew goes as far.
        Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Catalog));
        page.WaitForAssertion(() => Assert.Equal(6, counted), Patience);
        page.WaitForAssertion(() => Assert.Equal([$"s-{Many - 1:00000}"], Secrets(page)), Patience);
    }

    [Fact]
    public async Task A_change_does_not_put_whoever_loads_more_back_to_the_first_page()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        await using (var db = world.OpenDb())
        {
            var vault = await db.Vaults.SingleAsync(v => v.ArmId == Company.PaymentsVault, Ct);
            db.Secrets.AddRange(Enumerable.Range(0, 45).Select(i => new Secret(vault, FakeVaultInventory.Secret($"s-{i:00}"), PortalWorld.Start)));
            await db.SaveChangesAsync(Ct);
        }

        var page = Open("/catalog");
        Assert.Equal(20, Secrets(page).Count);
        var (reading, read) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        world.DatabaseFaults.Hold = _ => reading.TrySetResult() ? read.Task : null;
        Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Catalog));
        await reading.Task.WaitAsync(Patience, Ct);
        var more = page.Find(".load-more button").ClickAsync(new());
        read.SetResult();
        await more;
        page.WaitForAssertion(() => Assert.Equal(40, Secrets(page).Count), Patience);
        await page.Find(".load-more button").ClickAsync(new());
        Assert.Equal(47, Secrets(page).Distinct().Count());
    }

    [Fact]
    public async Task What_is_looked_for_while_a_read_takes_long_is_read_once_as_it_was_typed_last()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("/catalog?show=all");
        var read = 0;
        var slow = new TaskCompletionSource();
        world.DatabaseFaults.Hold = sql => sql.Contains("\"AccessPolicies\"", StringComparison.Ordinal) && Interlocked.Increment(ref read) == 1 ? slow.Task : null;
        foreach (var typed in (string[])["c", "car", "carr", "carrier"])
            this.GoTo($"/catalog?show=all&q={typed}");
        await page.InvokeAsync(() => { });
        Assert.Equal(1, read);
        slow.SetResult();
        page.WaitForAssertion(() => Assert.Equal(["carrier-token"], Secrets(page)));
        Assert.Equal(2, read);
    }

    [Fact]
    public async Task While_the_directory_is_silent_it_says_so_and_goes_on_by_itself()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("/catalog");
        // Longer than any answer of the directory is used again.
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Catalog));
        page.WaitForElement(".refusal");
        Assert.Equal(["ledger-db-password", "stripe-api-key"], Secrets(page));

        world.Directory.Fault = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".refusal")));
        Assert.Equal(["ledger-db-password", "stripe-api-key"], Secrets(page));
    }

    private IRenderedComponent<CatalogBrowser> Open(string address)
    {
        this.GoTo(address);
        var page = Render<CatalogBrowser>();
        page.WaitForElement("tbody tr");
        return page;
    }

    private static List<string> Secrets(IRenderedComponent<CatalogBrowser> page) => [.. page.FindAll("tbody .what > a").Select(a => a.TextContent)];

    private static string Row(IRenderedComponent<CatalogBrowser> page, string secret) => page.FindAll("tbody tr").Single(r => r.QuerySelector(".what > a")!.TextContent == secret).TextContent;
}
