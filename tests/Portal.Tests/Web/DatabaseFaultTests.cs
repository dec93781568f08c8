using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Audit.Retention;
using Portal.Core.Data;
using Portal.Core.Requests;
using Portal.Tests.World;
using Portal.Web.Approvals;
using Portal.Web.Audit;
using Portal.Web.Catalog;
using Portal.Web.Grants;
using Portal.Web.Grants.Operations;
using Portal.Web.Layout;
using Portal.Web.Requests;
using Portal.Web.SignIn;

namespace Portal.Tests.Web;

/// <summary>The database fails while somebody writes: what they wrote stays before them, and goes through once the database is there again.</summary>
public sealed class DatabaseFaultTests : BunitContext
{
    private const string Written = "What took an hour to write";

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_is_kept_while_it_is_typed_and_when_it_is_sent()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, "kv-payments-prod").Add(r => r.SecretName, "stripe-api-key"));
        page.WaitForElement(".checks");

        world.DatabaseFaults.Fail();
        var typed = page.Find("#justification").InputAsync(new ChangeEventArgs { Value = Written });
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await typed;
        Assert.NotEmpty(page.FindAll(".forecast .checks"));
        Assert.Contains("database failed", page.Find(".forecast [role=status]").TextContent, StringComparison.Ordinal);

        await page.Find("form").SubmitAsync();
        AssertRefused(page);
        Assert.Equal(Written, page.Find("#justification").GetAttribute("value"));

        world.DatabaseFaults.Break = null;
        await page.Find("form").SubmitAsync();
        Assert.StartsWith("/requests/R-", this.Address(), StringComparison.Ordinal);
        Assert.Equal(Written, (await world.ReadAsync(db => db.AccessRequests.SingleAsync(Ct))).Justification);
    }

    [Fact]
    public async Task The_forecast_is_right_again_with_what_is_typed_next()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, "kv-payments-prod").Add(r => r.SecretName, "stripe-api-key"));
        page.WaitForElement(".checks");
        world.DatabaseFaults.Fail();
        await page.FindAll("input[name=duration]")[0].ChangeAsync(new ChangeEventArgs { Value = "on" });
        Assert.NotEmpty(page.FindAll(".forecast [role=status]"));

        world.DatabaseFaults.Break = null;
        await page.FindAll("input[name=duration]")[1].ChangeAsync(new ChangeEventArgs { Value = "on" });
        Assert.Empty(page.FindAll(".forecast [role=status]"));
    }

    [Fact]
    public async Task A_request_form_that_cannot_be_drawn_at_once_comes_by_itself()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        world.DatabaseFaults.Fail();
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, "kv-payments-prod").Add(r => r.SecretName, "stripe-api-key"));
        AssertRefused(page);

        world.DatabaseFaults.Break = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForElement("#justification");
        Assert.Empty(page.FindAll("[role=alert]"));
    }

    [Fact]
    public async Task A_decision_is_kept_with_its_comment()
    {
        await using var world = await this.OpenForAsync(Company.Priya);
        var asked = await world.AskAsync();
        var page = Render<ApprovalsPage>();
        await page.WaitForElement("[data-key=d]").ClickAsync(new());
        await page.Find("textarea").ChangeAsync(new() { Value = Written });

        world.DatabaseFaults.Fail();
        await page.Find(".button.danger").ClickAsync(new());
        AssertRefused(page);
        Assert.Equal(Written, page.Find("textarea").GetAttribute("value"));

        world.DatabaseFaults.Break = null;
        await page.Find(".button.danger").ClickAsync(new());
        Assert.Equal(RequestState.Denied, (await world.ReadAsync(db => db.AccessRequests.SingleAsync(r => r.Id == asked.RequestId, Ct))).State);
        Assert.Equal(Written, await world.ReadAsync(db => db.ApprovalDecisions.Select(d => d.Comment).SingleAsync(Ct)));
    }

    [Fact]
    public async Task A_revocation_is_kept_with_its_reason()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        var page = Render<GrantsPage>();
        await page.WaitForElement(".grant-do button").ClickAsync(new());
        await page.Find(".revoke textarea").ChangeAsync(new() { Value = Written });

        world.DatabaseFaults.Fail();
        await page.Find(".revoke .button.danger").ClickAsync(new());
        AssertRefused(page);
        Assert.Equal(Written, page.Find(".revoke textarea").GetAttribute("value"));

        world.DatabaseFaults.Break = null;
        await page.Find(".revoke .button.danger").ClickAsync(new());
        Assert.Equal(Written, (await world.GrantOfAsync(promised.RequestId)).EndReason);
    }

    [Fact]
    public async Task A_pause_is_kept_with_its_reason_also_while_its_subject_is_looked_for()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        var page = Render<OperationsPage>();
        await page.WaitForElement(".pause-open").ClickAsync(new());
        await page.Find("#pause-reason").ChangeAsync(new() { Value = Written });

        world.DatabaseFaults.Fail();
        await page.FindAll("input[name=pause-target]")[1].ChangeAsync(new ChangeEventArgs { Value = "on" });
        await page.Find("#pause-search").InputAsync(new ChangeEventArgs { Value = "mira" });
        AssertRefused(page);
        await page.FindAll("input[name=pause-target]")[0].ChangeAsync(new ChangeEventArgs { Value = "on" });
        await page.Find(".pause-form").SubmitAsync();
        AssertRefused(page);
        Assert.Equal(Written, page.Find("#pause-reason").GetAttribute("value"));

        world.DatabaseFaults.Break = null;
        await page.Find(".pause-form").SubmitAsync();
        Assert.Equal(Written, (await world.ReadAsync(db => db.AccessPauses.SingleAsync(Ct))).Reason);
    }

    [Fact]
    public async Task A_hold_is_kept_with_its_name_and_reason()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await world.AskAsync();
        var page = Render<HoldsPage>();
        await page.WaitForElement("#hold-name").ChangeAsync(new() { Value = "kv-payments-prod" });
        await page.Find("#hold-reason").ChangeAsync(new() { Value = Written });
        await page.FindAll("input[name=hold-target]")[(int)HoldTarget.Scope].ChangeAsync(new ChangeEventArgs { Value = "on" });

        world.DatabaseFaults.Fail();
        await page.Find(".hold-form").SubmitAsync();
        AssertRefused(page);
        Assert.Equal(Written, page.Find("#hold-reason").GetAttribute("value"));

        world.DatabaseFaults.Break = null;
        await page.Find(".hold-form").SubmitAsync();
        Assert.Equal(Written, (await world.ReadAsync(db => db.LegalHolds.SingleAsync(Ct))).Reason);
    }

    [Fact]
    public async Task More_of_a_list_that_cannot_be_read_takes_nothing_away()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        for (var hour = 1; hour <= 21; hour++)
            await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
        var page = Render<GrantsPage>();
        page.WaitForElement(".load-more button");

        world.DatabaseFaults.Fail();
        await page.Find(".load-more button").ClickAsync(new());
        AssertRefused(page);
        Assert.Equal(20, page.FindAll(".grant-card").Count);

        world.DatabaseFaults.Break = null;
        await page.Find(".load-more button").ClickAsync(new());
        Assert.Equal(21, page.FindAll(".grant-card").Count);
        Assert.Empty(page.FindAll("[role=alert]"));
    }

    [Fact]
    public async Task What_changed_while_it_could_not_be_read_is_shown_a_little_later_without_another_change()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        await world.AskAsync();
        var page = Render<RequestsPage>();
        page.WaitForElement("tbody tr");

        await world.ReadAsync(db => db.AccessRequests.ExecuteUpdateAsync(row => row.SetProperty(request => request.SecretName, "another-name"), Ct));
        world.DatabaseFaults.Fail();
        var drawn = page.RenderCount;
        Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Request, null, Company.Mira.ObjectId));
        page.WaitForAssertion(() => Assert.True(page.RenderCount > drawn));
        world.DatabaseFaults.Break = null;
        Assert.DoesNotContain("another-name", page.Markup, StringComparison.Ordinal);

        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("another-name", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_number_beside_the_word_comes_later_where_it_could_not_be_counted_at_first()
    {
        await using var world = await this.OpenForAsync(Company.Priya);
        await world.AskAsync();
        world.DatabaseFaults.Fail();
        var watch = Render<InboxWatch>();
        var count = Services.GetRequiredService<InboxCount>();
        Assert.Equal(0, count.Value);

        world.DatabaseFaults.Break = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        watch.WaitForAssertion(() => Assert.Equal(1, count.Value));
    }

    [Fact]
    public async Task A_tile_that_is_pressed_meanwhile_takes_nothing_away_and_is_gone_to_a_little_later()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        this.GoTo("/operations");
        var page = Render<OperationsPage>();
        await page.WaitForElement(".pause-open").ClickAsync(new());
        await page.Find("#pause-reason").ChangeAsync(new() { Value = Written });

        world.DatabaseFaults.Fail();
        this.GoTo("/operations?show=due&drift=resolved");
        page.WaitForElement(".ops-outdated");
        AssertRefused(page);
        Assert.Equal(Written, page.Find("#pause-reason").GetAttribute("value"));

        world.DatabaseFaults.Break = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".ops-outdated, [role=alert]")));
        Assert.Equal(Written, page.Find("#pause-reason").GetAttribute("value"));
    }

    [Fact]
    public async Task What_is_looked_for_meanwhile_is_found_a_little_later_and_until_then_the_page_says_that_it_is_not()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        this.GoTo("/catalog?show=all");
        var page = Render<CatalogBrowser>();
        page.WaitForElement("tbody tr");

        world.DatabaseFaults.Fail();
        this.GoTo("/catalog?show=all&q=carrier");
        page.WaitForAssertion(() => AssertRefused(page));
        Assert.Equal(6, page.FindAll("tbody tr").Count);

        world.DatabaseFaults.Break = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("carrier-token", Assert.Single(page.FindAll("tbody tr")).TextContent, StringComparison.Ordinal));
        Assert.Empty(page.FindAll("[role=alert]"));
    }

    [Fact]
    public async Task A_part_of_the_work_that_is_chosen_meanwhile_is_said_not_to_be_what_is_shown()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        this.GoTo("/operations");
        var page = Render<OperationsPage>();
        page.WaitForElement(".ops-none");

        world.DatabaseFaults.Fail();
        this.GoTo("/operations?show=late");
        page.WaitForElement("[aria-labelledby=ops-work] [role=alert]");
        this.GoTo("/operations");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[aria-labelledby=ops-work] [role=alert]")));
    }

    [Theory]
    [InlineData("pauses=lifted", ".pauses")]
    [InlineData("drift=resolved", ".drift")]
    public async Task Who_goes_back_to_what_is_shown_is_not_told_that_it_could_not_be_read(string other, string section)
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        this.GoTo("/operations");
        var page = Render<OperationsPage>();
        page.WaitForElement($"{section} .muted");

        world.DatabaseFaults.Fail();
        this.GoTo($"/operations?{other}");
        page.WaitForElement($"{section} [role=alert]");
        this.GoTo("/operations");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll($"{section} [role=alert]")));
    }

    [Theory]
    [InlineData("/requests", "state=denied", "tbody tr")]
    [InlineData("/grants", "show=ended", ".grant-card")]
    public async Task A_filter_that_is_chosen_meanwhile_takes_nothing_away(string address, string filter, string row)
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        await world.PromiseAsync();
        this.GoTo(address);
        IRenderedComponent<IComponent> page = address == "/grants" ? Render<GrantsPage>() : Render<RequestsPage>();
        page.WaitForElement(row);

        world.DatabaseFaults.Fail();
        this.GoTo($"{address}?{filter}");
        page.WaitForAssertion(() => AssertRefused(page));
        Assert.NotEmpty(page.FindAll(row));

        world.DatabaseFaults.Break = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Empty(page.FindAll($"{row}, [role=alert]")));
    }

    [Fact]
    public async Task A_mistake_of_the_portal_is_no_refusal()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var attempt = Services.GetRequiredService<Attempt>();
        await Assert.ThrowsAsync<InvalidOperationException>(() => attempt.RunAsync<Done>(_ => throw new InvalidOperationException("A second operation was started."), Ct));
        await Assert.ThrowsAsync<OperationCanceledException>(() => attempt.RunAsync<Done>(_ => throw new OperationCanceledException("The reader left.", new DurabilityLostException("The statement was cancelled.")), Ct));
        // As Entity Framework wraps what may be over soon.
        var refused = await attempt.RunAsync<Done>(_ => throw new InvalidOperationException("Likely transient.", new DurabilityLostException("The server is gone.")), Ct);
        Assert.Equal([RefusalCode.DatabaseFailed], refused.Refusals.Select(refusal => refusal.Code));
    }

    private static void AssertRefused<TPage>(IRenderedComponent<TPage> page) where TPage : IComponent =>
        Assert.Contains(page.FindAll("[role=alert]"), alert => alert.TextContent.Contains(RefusalCode.DatabaseFailed, StringComparison.Ordinal));
}
