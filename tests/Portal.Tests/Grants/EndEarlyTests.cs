using Portal.Core;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Giving back and revoking.</summary>
public sealed class EndEarlyTests
{
    [Theory, BothDatabases]
    public async Task The_holder_gives_back_early(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Empty((await world.ReturnAsync(promised.Id, Company.Mira)).Refusals);
        Assert.Equal(GrantState.Revoking, (await world.GrantOfAsync(promised.RequestId)).State);
        await world.WorkAsync();
        var ended = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, GrantEnding.Revoked, promised.EndsAt), (ended.State, ended.Ending, ended.EndsAt));
        Assert.Empty(world.Cloud.Standing);
        Assert.Contains("grant.returned", await world.CodesAsync(promised.RequestId));
    }

    [Fact]
    public async Task An_administrator_revokes_with_a_reason_that_the_trail_keeps()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Empty((await world.RevokeAsync(promised.Id, Company.Tomas, "Laptop lost")).Refusals);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        var revoked = Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.revoked");
        Assert.Equal(("Laptop lost", Company.Tomas.ObjectId, Company.Mira.ObjectId), (revoked.Comment, revoked.ActorObjectId, revoked.SubjectObjectId));
    }

    [Fact]
    public async Task A_grant_that_was_never_given_is_revoked_without_a_call_to_give_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(1)));
        Assert.Empty((await world.RevokeAsync(promised.Id, Company.Tomas)).Refusals);
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        await world.PassAsync(TimeSpan.FromHours(2));
        Assert.DoesNotContain(world.Cloud.Calls, c => c.Verb == CloudVerb.Put);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("  ")]
    [InlineData("\u200B")]
    public async Task Revoking_needs_a_reason(string? reason)
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        var refusal = Assert.Single((await world.RevokeAsync(promised.Id, Company.Tomas, reason)).Refusals);
        Assert.Equal((RefusalCode.TextBlank, "reason"), (refusal.Code, refusal.Field));
        Assert.Equal(GrantState.Scheduled, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task Nobody_else_gives_it_back_and_nobody_but_an_administrator_revokes()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Equal(RefusalCode.NotFound, (await world.ReturnAsync(promised.Id, Company.Jonas)).Refusals[0].Code);
        Assert.Equal(RefusalCode.RoleMissing, (await world.RevokeAsync(promised.Id, Company.Mira)).Refusals[0].Code);
        Assert.Equal(RefusalCode.RoleMissing, (await world.RevokeAsync(promised.Id, Company.Priya)).Refusals[0].Code);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Equal(3, (await world.EventsAsync(promised.RequestId)).Count(e => e.Code == "identity.attempt_refused"));
    }

    [Fact]
    public async Task What_is_ending_or_over_cannot_be_ended_again()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        await world.ReturnAsync(promised.Id, Company.Mira);
        Assert.Equal(RefusalCode.GrantEnded, (await world.RevokeAsync(promised.Id, Company.Tomas)).Refusals[0].Code);
        await world.WorkAsync();
        Assert.Equal(RefusalCode.GrantEnded, (await world.ReturnAsync(promised.Id, Company.Mira)).Refusals[0].Code);
        Assert.Equal(RefusalCode.GrantEnded, (await world.RevokeAsync(promised.Id, Company.Tomas)).Refusals[0].Code);
    }
}
