using Portal.Core.Grants;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;
using Portal.Tests.Sandbox;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Faults;

/// <summary>Faults in mixtures, and those that are more than an answer: what comes late, and lists that go wrong.</summary>
public sealed class FaultMixtureTests(SandboxFixture sandbox) : FaultMatrix(sandbox), IClassFixture<SandboxFixture>
{
    [Theory, MemberData(nameof(Seeds))]
    public async Task Mixtures(int seed)
    {
        await using var world = await SandboxWorld.OpenAsync(Sandbox);
        var random = new Random(seed);
        try
        {
            var first = await world.PromiseAsync(Window * 0.6);
            var rules = new List<FaultRule>();
            foreach (var site in CloudSite.All)
                foreach (var fault in FaultsOf(site).Where(f => f.Name != "answered too late").OrderBy(_ => random.Next()).Take(2))
                    rules.Add(Arm(world, site, fault, from: random.Next(1, 3)));
            await GivenAsync(world, first);
            // An extension is a new decision: the assignment stays, its end moves to the later one.
            var second = await world.PromiseAsync(Window);
            await GivenAsync(world, second);
            world.LeapTo(first.EndsAt);
            await world.SettleAsync(async () => (await world.GrantAsync(first.Id)).State == GrantState.Ended);
            Assert.Equal(world.AssignmentId, Assert.Single(world.Standing).Name);
            world.LeapTo(second.EndsAt);
            await TakenAsync(world, first);
            await TakenAsync(world, second);
            Assert.Contains(rules, r => r.Fired > 0);
        }
        finally
        {
            Sandbox.Control.Faults.Clear();
        }
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 20)];

    [Fact]
    public async Task A_put_that_arrives_after_our_delete_is_found_and_swept()
    {
        await using var world = await SandboxWorld.OpenAsync(Sandbox, patience: SandboxWorld.ShortPatience);
        var release = new TaskCompletionSource();
        try
        {
            var promised = await world.PromiseAsync(TimeSpan.FromMinutes(10));
            var put = CloudSite.Find("put");
            world.Control.Faults.Add(c => put.Fits(world, c), Fault.HoldUntil(release.Task)).Times(1);
            // The first PUT hangs in Azure; nobody waits for it any more when the window ends.
            world.Control.Faults.Add(c => put.Fits(world, c), Fault.Error(503, "ServiceUnavailable"));
            await world.WorkAsync();
            world.LeapTo(promised.EndsAt);
            await world.SettleAsync(async () => (await world.GrantAsync(promised.Id)).State == GrantState.Ended);
            Assert.Empty(world.Standing);

            release.SetResult();
            await SandboxWorld.UntilAsync(() => world.Standing.Count == 1);
            await world.SettleAsync(() => Task.FromResult(world.Standing.Count == 0));
        }
        finally
        {
            release.TrySetResult();
            Sandbox.Control.Faults.Clear();
        }
    }

    [Fact]
    public async Task What_Azure_shows_ten_minutes_late_is_neither_given_twice_nor_left_behind()
    {
        await using var world = await SandboxWorld.OpenAsync(Sandbox);
        try
        {
            (world.Control.Propagation.ReadAdd, world.Control.Propagation.ReadRemove) = (TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10));
            var promised = await world.PromiseAsync(Window);
            await GivenAsync(world, promised);
            world.LeapTo(promised.EndsAt);
            await TakenAsync(world, promised);
        }
        finally
        {
            (world.Control.Propagation.ReadAdd, world.Control.Propagation.ReadRemove) = (TimeSpan.Zero, TimeSpan.Zero);
        }
    }

    [Theory]
    [InlineData("loops")]
    [InlineData("leads elsewhere")]
    [InlineData("reset before")]
    [InlineData("503 as HTML")]
    [InlineData("truncated")]
    public async Task A_list_that_goes_wrong_while_somebody_else_holds_the_trio(string how)
    {
        await using var world = await SandboxWorld.OpenAsync(Sandbox);
        try
        {
            // The list is read only to see whose the assignment is that stands in the way.
            var others = world.Control.Resources.Assign(ArmScope.Parse(world.Scope), Portal.Core.Catalog.GrantableRole.SecretsUser.DefinitionId, world.PersonId, "User");
            var promised = await world.PromiseAsync(Window);
            bool IsList(FaultCall c) => c.Method == "GET" && c.Path.EndsWith("/roleAssignments", StringComparison.OrdinalIgnoreCase);
            var rule = world.Control.Faults.Add(IsList, how switch
            {
                "loops" => Fault.Answer(200, $$"""{"value":[],"nextLink":"https://management.azure.com{{world.Scope}}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&page=2"}"""),
                "leads elsewhere" => Fault.Answer(200, """{"value":[],"nextLink":"https://elsewhere.example/roleAssignments"}"""),
                _ => CloudFaultKind.Find(how).Make(TimeProvider.System),
            }).Times(4);
            await world.SettleAsync(async () => (await world.GrantAsync(promised.Id)).State == GrantState.Active);
            Assert.Equal(4, rule.Fired);
            Assert.True((await world.GrantAsync(promised.Id)).StandingAccess);
            world.LeapTo(promised.EndsAt);
            await world.SettleAsync(async () => (await world.GrantAsync(promised.Id)).State == GrantState.Ended);
            Assert.Equal(others.Name, Assert.Single(world.Standing).Name);
        }
        finally
        {
            Sandbox.Control.Faults.Clear();
        }
    }
}
