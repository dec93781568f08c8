using Bunit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Audit.Streaming;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Tests.Audit;
using Portal.Tests.World;
using Portal.Web.Grants.Operations;

namespace Portal.Tests.Web;

/// <summary>What an operator sees and does on the page.</summary>
public sealed class OperationsPageTests : BunitContext
{
    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task When_nothing_is_wrong_it_says_so()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        var page = Render<OperationsPage>();
        Assert.Contains("Nothing needs you", page.WaitForElement(".ops-verdict.is-good").TextContent, StringComparison.Ordinal);
        page.WaitForElement(".ops-none");
        Assert.Contains("Not compared yet", page.WaitForElement(".drift-run").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll(".work"));
    }

    [Fact]
    public async Task A_cloud_that_cannot_be_read_is_said_with_what_to_do_and_not_beside_nothing_needs_you()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        world.Inventory.Fault = new CloudCallException("AuthorizationFailed", "No.", 403, isTransient: false);
        await Assert.ThrowsAsync<CloudCallException>(() => Services.GetRequiredService<SyncCatalog>().ExecuteAsync(Actor.System, Ct));

        var page = Render<OperationsPage>();
        var said = page.WaitForElement(".ops-verdict.is-attention");
        Assert.Contains("AuthorizationFailed", said.TextContent, StringComparison.Ordinal);
        Assert.Equal("/operations/runbook/CatalogNotRead", said.QuerySelector("a")!.GetAttribute("href"));
        Assert.Empty(page.FindAll(".ops-verdict.is-good"));
    }

    [Fact]
    public async Task What_needs_attention_says_the_providers_words_leads_to_the_runbook_and_is_tried_now()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        var promised = await world.PromiseAsync();
        world.Cloud.FailBefore = _ => new CloudCallException("AuthorizationFailed", "The client <b>x</b> may not.", 403, isTransient: false);
        await world.WorkAsync();

        var page = Render<OperationsPage>();
        page.WaitForElement(".ops-verdict.is-attention");
        var card = page.WaitForElement(".work");
        Assert.Contains("Mira Okafor", card.TextContent, StringComparison.Ordinal);
        Assert.Contains("The client <b>x</b> may not.", card.TextContent, StringComparison.Ordinal);
        Assert.Equal("/operations/runbook/AuthorizationFailed", card.QuerySelector(".work-next a")!.GetAttribute("href"));

        world.Cloud.FailBefore = null;
        await card.QuerySelector(".work-foot button")!.ClickAsync(new());
        Assert.Equal(1, await world.WorkAsync());
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        // What another instance does is not announced here: the page looks by itself.
        world.Clock.Advance(TimeSpan.FromSeconds(11));
        page.WaitForElement(".ops-verdict.is-good");
    }

    [Fact]
    public async Task The_runbook_has_a_paragraph_for_each_of_a_codes_cases()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        var page = Render<RunbookPage>(parameters => parameters.Add(p => p.Code, AttentionCode.AuditNotSealed));
        Assert.Equal(4, page.FindAll("h2").Count);
        Assert.Equal("StoreAltered", page.FindAll("p").Select(p => p.QuerySelector("code")?.TextContent).Single(code => code is "StoreAltered"));
        Assert.Equal(2, page.FindAll("p").Count(p => p.TextContent.TrimStart().StartsWith("Contradiction", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_stream_that_lags_shows_why_and_leads_to_the_runbook()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await world.Get<OpenStreams>().ExecuteAsync(Actor.System, Ct);
        await TestLog.SealAsync(world);
        world.Streams.Answer = new StreamAnswer(StreamFate.Failed, "Http403");
        await world.Get<DeliverStream>().ExecuteAsync(FakeStreamSender.Siem, Actor.System, Ct);
        world.Clock.Advance(TimeSpan.FromMinutes(6));

        var page = Render<OperationsPage>();
        var streams = page.WaitForElement(".streams");
        Assert.Contains("siem.fenwick.example", streams.TextContent, StringComparison.Ordinal);
        Assert.Contains("Http403", streams.TextContent, StringComparison.Ordinal);
        Assert.Equal("/operations/runbook/AuditStreamLags", streams.QuerySelector(".is-late a")!.GetAttribute("href"));
    }

    [Fact]
    public async Task An_administrator_pauses_with_a_reason_and_lifts_it_again()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        var page = Render<OperationsPage>();
        await page.WaitForElement(".pause-open").ClickAsync(new());
        await page.WaitForElement(".pause-form").SubmitAsync();
        Assert.NotEmpty(page.WaitForElement(".field-fault:not([hidden])").TextContent.Trim());

        await page.Find("#pause-reason").ChangeAsync(new() { Value = "Incident 42" });
        await page.Find(".pause-form").SubmitAsync();
        var card = page.WaitForElement(".pause");
        Assert.Contains("Incident 42", card.TextContent, StringComparison.Ordinal);
        page.WaitForElement(".ops-verdict.is-waiting");
        Assert.Equal(PauseTarget.Everything, await world.ReadAsync(db => db.AccessPauses.Where(p => p.LiftedAt == null).Select(p => p.Target).SingleAsync(Ct)));

        await page.Find(".pause-do button").ClickAsync(new());
        await page.WaitForElement(".pause-do .button:not(.quiet)").ClickAsync(new());
        world.Clock.Advance(TimeSpan.FromSeconds(11));
        page.WaitForElement(".ops-verdict.is-good");
        Assert.False(await world.ReadAsync(db => db.AccessPauses.AnyAsync(p => p.LiftedAt == null, Ct)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_cannot_be_read_for_a_while_stays_as_it_was_and_is_looked_at_again(bool notTheDatabase)
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        var page = Render<OperationsPage>();
        page.WaitForElement(".ops-verdict.is-good");
        page.WaitForElement(".drift-run");

        if (notTheDatabase)
            world.DatabaseFaults.Break = _ => new IOException("The disk is gone.");
        else
            world.DatabaseFaults.Fail();
        world.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Contains("goes on trying", page.WaitForElement(".ops-outdated").TextContent, StringComparison.Ordinal);
        // All of it stays but that nothing needs anybody, which is not known now.
        Assert.NotEmpty(page.FindAll(".drift-run"));
        Assert.Empty(page.FindAll(".ops-verdict.is-good"));

        world.DatabaseFaults.Break = null;
        await world.PromiseAsync();
        world.Cloud.FailBefore = _ => new CloudCallException("AuthorizationFailed", "The client may not.", 403, isTransient: false);
        await world.WorkAsync();
        world.Clock.Advance(TimeSpan.FromSeconds(11));
        page.WaitForElement(".work");
        Assert.Empty(page.FindAll(".ops-outdated"));
    }

    [Fact]
    public async Task People_who_are_found_late_do_not_stand_among_vaults()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        await world.Get<RecordSignIn>().ExecuteAsync(SignInStep.In, await world.IdentifyAsync(Company.Mira), Ct);
        var page = Render<OperationsPage>();
        await page.WaitForElement(".pause-open").ClickAsync(new());
        await page.FindAll("input[name=pause-target]")[(int)PauseTarget.Principal].ChangeAsync(new() { Value = "on" });
        await page.Find("#pause-search").InputAsync(new() { Value = "mir" });
        Assert.Single(page.FindAll(".pause-candidate"));

        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.DatabaseFaults.Hold = _ => held.Task;
        var found = page.Find("#pause-search").InputAsync(new() { Value = "mira" });
        await page.FindAll("input[name=pause-target]")[(int)PauseTarget.Scope].ChangeAsync(new() { Value = "on" });
        world.DatabaseFaults.Hold = null;
        held.SetResult();
        await found;
        Assert.Empty(page.FindAll(".pause-candidate, .pause-covers"));
    }

    [Fact]
    public async Task Work_that_is_put_off_while_it_is_shown_comes_once()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        var now = world.Clock.GetUtcNow();
        await world.ReadAsync(db =>
        {
            for (var number = 0; number < 25; number++)
                db.DesiredAssignments.Add(new DesiredAssignment(new AssignmentSeen($"{Company.PaymentsVault}/secrets/s-{number:00}", Guid.NewGuid(), Company.Mira.ObjectId, GrantableRole.SecretsUser.DefinitionId, null), now.AddSeconds(number - 30)));
            return db.SaveChangesAsync(Ct);
        });
        this.GoTo("/operations?show=due");
        var page = Render<OperationsPage>();
        page.WaitForAssertion(() => Assert.Equal(20, page.FindAll(".work").Count));

        // As after a call that failed: due a little later, and still due.
        await world.ReadAsync(db => db.DesiredAssignments.Where(row => row.DueAt < now.AddSeconds(-28)).ExecuteUpdateAsync(row => row.SetProperty(r => r.DueAt, now.AddSeconds(-1)), Ct));
        await page.Find(".load-more button").ClickAsync(new());

        Assert.Equal(25, page.FindAll(".work").Count);
        Assert.Equal(25, page.FindAll(".work-what").Select(what => what.TextContent).Distinct().Count());
    }

    [Fact]
    public async Task An_auditor_reads_and_does_nothing_and_an_engineer_sees_nothing()
    {
        await using (var world = await this.OpenForAsync(Company.Ingrid))
        {
            var page = Render<OperationsPage>();
            page.WaitForElement(".ops-verdict");
            Assert.Empty(page.FindAll(".pause-open, .drift-run button"));
        }

        await using var engineer = new BunitContext();
        await using var other = await engineer.OpenForAsync(Company.Mira);
        var refused = engineer.Render<OperationsPage>();
        Assert.Contains(RefusalCode.RoleMissing, refused.WaitForElement("[role=alert]").TextContent, StringComparison.Ordinal);
        Assert.Empty(refused.FindAll(".ops-tiles"));
    }
}
