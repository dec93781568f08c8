using Bunit;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Tests.World;
using Portal.Web.Grants;

namespace Portal.Tests.Web;

public sealed class GrantPanelTests : RequestScreen
{
    private static readonly Refusal Not = new(RefusalCode.NotFound);

    [Theory]
    [InlineData(GrantState.Scheduled, "Scheduled", "starts in")]
    [InlineData(GrantState.Provisioning, "Provisioning", "ends in")]
    [InlineData(GrantState.Active, "Active", "ends in")]
    [InlineData(GrantState.Revoking, "Ending", null)]
    [InlineData(GrantState.Ended, "Ended", null)]
    public async Task Each_state_shows_where_it_stands(GrantState state, string step, string? countdown)
    {
        await using var world = await SeenByAsync(Company.Mira);
        var panel = Panel(await GrantAsync(world, state));
        Assert.StartsWith(step, panel.Find("[aria-current=step]").TextContent.Trim(), StringComparison.Ordinal);
        Assert.Equal(countdown is not null, panel.FindAll(".countdown").Count == 1);
        if (countdown is not null)
            Assert.StartsWith(countdown, panel.Find(".countdown").TextContent.Trim(), StringComparison.Ordinal);
        Assert.Equal(state is GrantState.Scheduled or GrantState.Provisioning or GrantState.Active, panel.FindAll(".use code").Any(code => code.TextContent == "az keyvault secret show --vault-name kv-payments-prod --name stripe-api-key --query value -o tsv"));
    }

    [Fact]
    public async Task It_names_the_way_in_which_access_is_given_and_leads_to_asking_for_more_time_while_it_lasts()
    {
        await using var world = await SeenByAsync(Company.Mira);
        var grant = await GrantAsync(world, GrantState.Active);
        var panel = Panel(grant);
        Assert.Contains("role assignment · made and taken back by the portal", panel.Find(".facts").TextContent, StringComparison.Ordinal);
        Assert.Equal($"/catalog/kv-payments-prod/stripe-api-key?again={grant.RequestReference}", panel.Find("a.button.quiet[href^='/catalog/']").GetAttribute("href"));
        Assert.Empty(Panel(await GrantAsync(world, GrantState.Ended)).FindAll("a.button.quiet[href^='/catalog/']"));
    }

    [Fact]
    public async Task What_keeps_the_portal_from_its_work_is_shown_in_the_providers_words_with_what_to_do()
    {
        await using var world = await SeenByAsync(Company.Mira);
        var grant = await GrantAsync(world, GrantState.Provisioning);
        grant.NeedAttention("ScopeLocked", "The scope is locked <by> 'keep'.", PortalWorld.Start);
        var alert = Panel(grant).Find(".attention").TextContent;
        Assert.Contains("ScopeLocked", alert, StringComparison.Ordinal);
        Assert.Contains("The scope is locked <by> 'keep'.", alert, StringComparison.Ordinal);
        Assert.Contains("remove the lock", alert, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standing_access_is_said_to_outlive_the_grant()
    {
        await using var world = await SeenByAsync(Company.Mira);
        var grant = await GrantAsync(world, GrantState.Scheduled);
        grant.NoteStandingAccess(true);
        grant.Activate(PortalWorld.Start);
        Assert.Contains("does not end with this grant", Panel(grant).Find(".standing").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProbeVerdict.Open, GrantState.Active, null, "open to you")]
    [InlineData(ProbeVerdict.Refused, GrantState.Active, "ForbiddenByRbac", "10 minutes")]
    [InlineData(ProbeVerdict.Refused, GrantState.Provisioning, "ForbiddenByRbac", "not given yet")]
    [InlineData(ProbeVerdict.Refused, GrantState.Ended, "ForbiddenByRbac", "has ended")]
    [InlineData(ProbeVerdict.NotFound, GrantState.Active, "SecretNotFound", "no such secret")]
    [InlineData(ProbeVerdict.SignInAgain, GrantState.Active, null, "Sign in and come back")]
    public async Task A_test_shows_the_answer_and_what_it_means(ProbeVerdict verdict, GrantState state, string? code, string says)
    {
        await using var world = await SeenByAsync(Company.Mira);
        var grant = await world.PromiseAsync();
        Put(grant, state);
        world.Probe.Answer = () => new ProbeAnswer(verdict, code, null);
        var panel = Panel(grant);
        await panel.Find(".test button").ClickAsync(new());
        var answer = panel.Find(".answer");
        Assert.Contains(says, answer.TextContent, StringComparison.Ordinal);
        if (code is not null)
            Assert.Contains(code, answer.TextContent, StringComparison.Ordinal);
        if (verdict == ProbeVerdict.SignInAgain)
            Assert.Contains(Uri.EscapeDataString("/requests/" + grant.RequestReference), answer.QuerySelector("a")!.GetAttribute("href"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revocation_needs_a_reason_and_a_refusal_keeps_it()
    {
        await using var world = await SeenByAsync(Company.Tomas);
        var grant = await world.PromiseAsync();
        var panel = Panel(grant, mayRevoke: null);
        await panel.Find(".revoke button").ClickAsync(new());
        await panel.Find(".revoke .danger").ClickAsync(new());
        Assert.NotEmpty(panel.Find(".revoke .field-fault").TextContent.Trim());
        Assert.True((await world.GrantOfAsync(grant.RequestId)).IsLive);

        await panel.Find(".revoke textarea").ChangeAsync(new() { Value = "Laptop lost" });
        Assert.Empty((await world.Get<ReturnGrant>().ExecuteAsync(grant.Id, await world.IdentifyAsync(Company.Mira), Xunit.TestContext.Current.CancellationToken)).Refusals);
        await panel.Find(".revoke .danger").ClickAsync(new());
        Assert.Contains(RefusalCode.GrantEnded, panel.Find(".revoke [role=alert]").TextContent, StringComparison.Ordinal);
        panel.Render(p => p.Add(g => g.MayRevoke, new Refusal(RefusalCode.GrantEnded)));
        Assert.Contains("Laptop lost", panel.Find(".revoke").TextContent, StringComparison.Ordinal);
    }

    private IRenderedComponent<GrantPanel> Panel(Grant grant, Refusal? mayRevoke = null) => Render<GrantPanel>(p => p
        .Add(g => g.Grant, new GrantView(grant)).Add(g => g.IsHolder, true)
        .Add(g => g.MayReturn, Not).Add(g => g.MayRevoke, mayRevoke).Add(g => g.MayTest, null));

    private static Task<Grant> GrantAsync(PortalWorld world, GrantState state)
    {
        var grant = new Grant(
            new GrantOrder(Guid.NewGuid(), "R-4K7Q9ZTM", Company.Mira.Id, Company.Mira.Name, Company.Stripe, "kv-payments-prod", "stripe-api-key", GrantableRole.SecretsUser, world.Clock.GetUtcNow().AddMinutes(5), world.Clock.GetUtcNow().AddMinutes(35)),
            world.Clock.GetUtcNow());
        Put(grant, state);
        return Task.FromResult(grant);
    }

    private static void Put(Grant grant, GrantState state)
    {
        if (state == GrantState.Scheduled)
            return;
        grant.StartProvisioning();
        if (state == GrantState.Provisioning)
            return;
        grant.Activate(PortalWorld.Start);
        if (state == GrantState.Active)
            return;
        grant.StartRevoking(PortalWorld.Start);
        if (state == GrantState.Ended)
            grant.End(PortalWorld.Start);
    }
}
