using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Reads;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Whoever opens a request that is not theirs to see leaves one event of it, however often the page is drawn.</summary>
public sealed class RefusedLookTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task A_page_that_is_drawn_twice_is_one_attempt(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var reference = (await world.AskAsync(Company.Mira)).Reference;
        var jonas = await world.IdentifyAsync(Company.Jonas);

        await LookAsync(world, reference, jonas);
        world.Clock.Advance(TimeSpan.FromSeconds(2));
        await LookAsync(world, reference, jonas);

        var attempt = Assert.Single(await AttemptsAsync(world));
        Assert.Equal((Company.Jonas.ObjectId, AuditOutcome.Refused, reference, "GetRequest"), (attempt.ActorObjectId, attempt.Outcome, attempt.RequestReference, attempt.Comment));
    }

    [Theory]
    [BothDatabases]
    public async Task Another_request_another_person_another_client_and_a_later_look_are_attempts_of_their_own(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var (first, second) = ((await world.AskAsync(Company.Mira)).Reference, (await world.AskAsync(Company.Mira, PortalWorld.Draft(Company.LedgerPassword))).Reference);
        var jonas = await world.IdentifyAsync(Company.Jonas);

        await LookAsync(world, first, jonas);
        await LookAsync(world, second, jonas);
        await LookAsync(world, first, jonas with { Client = new ClientInfo("198.51.100.1", "test") });
        await LookAsync(world, first, await world.IdentifyAsync(Company.Jonas) with { Id = new PrincipalId(Company.Tenant, Guid.CreateVersion7()) });
        Assert.Equal(4, (await AttemptsAsync(world)).Count);

        world.Clock.Advance(AuditReads.Window);
        await LookAsync(world, first, jonas);
        Assert.Equal(5, (await AttemptsAsync(world)).Count);
    }

    private static async Task LookAsync(PortalWorld world, string reference, Actor actor) =>
        Assert.Equal([RefusalCode.NotFound], (await world.Get<GetRequest>().ExecuteAsync(reference, actor, Ct)).Refusals.Select(r => r.Code));

    private static async Task<List<AuditEvent>> AttemptsAsync(PortalWorld world) => [.. (await world.EventsAsync()).Where(e => e.Code == AuditCode.AttemptRefused.Value)];
}
