using Portal.Core;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>The holder's own test of the access.</summary>
public sealed class TestAccessTests
{
    [Fact]
    public async Task It_is_refused_before_open_while_it_lasts_and_refused_after()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        Assert.Equal((ProbeVerdict.Refused, "ForbiddenByRbac"), await ProbeAsync(world, promised));
        Assert.Null((await world.GrantOfAsync(promised.RequestId)).EffectiveSince);

        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((ProbeVerdict.Open, null), await ProbeAsync(world, promised));
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await ProbeAsync(world, promised);
        Assert.Equal(PortalWorld.Start.AddMinutes(1), (await world.GrantOfAsync(promised.RequestId)).EffectiveSince);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.effective");

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal((ProbeVerdict.Refused, "ForbiddenByRbac"), await ProbeAsync(world, promised));
    }

    [Fact]
    public async Task Nobody_tests_the_access_of_another()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        foreach (var other in (TestPerson[])[Company.Jonas, Company.Priya, Company.Tomas, Company.Ingrid])
            Assert.Equal(RefusalCode.NotFound, (await TestAsync(world, promised, other)).Refusals[0].Code);
    }

    [Fact]
    public async Task A_grant_on_the_whole_vault_has_no_one_secret_to_test()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(Company.PaymentsVault));
        Assert.Equal(RefusalCode.NothingToTest, (await TestAsync(world, promised, Company.Mira)).Refusals[0].Code);
    }

    [Fact]
    public async Task An_unreachable_vault_is_said_to_be_unreachable()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Probe.Answer = () => throw new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        var refusal = Assert.Single((await TestAsync(world, promised, Company.Mira)).Refusals);
        Assert.Equal((RefusalCode.CloudUnreachable, "ServiceUnavailable"), (refusal.Code, refusal.Arguments[0]));
    }

    private static async Task<(ProbeVerdict Verdict, string? Code)> ProbeAsync(PortalWorld world, Grant grant)
    {
        var answer = (await TestAsync(world, grant, Company.Mira)).Value;
        return (answer.Verdict, answer.Code);
    }

    private static async Task<Result<ProbeAnswer>> TestAsync(PortalWorld world, Grant grant, TestPerson who) =>
        await world.Get<TestAccess>().ExecuteAsync(new AccessTest(grant.Id, new NoTokens()), await world.IdentifyAsync(who), TestContext.Current.CancellationToken);
}
