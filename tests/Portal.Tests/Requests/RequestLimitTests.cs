using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Reads;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Requests;

/// <summary>However fast somebody sends, withdraws and tries again: the rows and events that one person makes are bounded.</summary>
public sealed class RequestLimitTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task Sending_and_withdrawing_in_a_loop_comes_to_an_end_and_goes_on_an_hour_later(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.RequestLimit = 3;
        for (var sent = 0; sent < 3; sent++)
        {
            await SendAndWithdrawAsync(world);
            world.Clock.Advance(TimeSpan.FromMinutes(10));
        }

        // The first of them was half an hour ago.
        var refusal = Assert.Single((await world.SubmitAsync(Company.Mira, PortalWorld.Draft())).Refusals);
        Assert.Equal((RefusalCode.TooManyRequests, "3, 30"), (refusal.Code, string.Join(", ", refusal.Arguments)));
        for (var more = 0; more < 5; more++)
            Assert.Equal(RefusalCode.TooManyRequests, (await world.SubmitAsync(Company.Mira, PortalWorld.Draft(Company.LedgerPassword))).Refusals[0].Code);
        Assert.Equal(3, await world.ReadAsync(db => db.AccessRequests.CountAsync(Ct)));
        Assert.Single(await AttemptsAsync(world));
        // Nobody else is held up.
        await world.AskAsync(Company.Priya);

        world.Clock.Advance(TimeSpan.FromMinutes(30));
        await world.AskAsync();
        Assert.Equal(RefusalCode.TooManyRequests, (await world.SubmitAsync(Company.Mira, PortalWorld.Draft(Company.LedgerPassword))).Refusals[0].Code);
    }

    [Theory, BothDatabases]
    public async Task What_was_sent_by_a_clock_that_was_a_day_ahead_keeps_nobody_waiting_for_that_day(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.RequestLimit = 1;
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        await world.ClaimAsync();
        await SendAndWithdrawAsync(world);
        world.DatabaseClock.Ahead = TimeSpan.Zero;
        world.HearTheCloud();
        await world.ClaimAsync();

        Assert.Empty((await world.SubmitAsync(Company.Mira, PortalWorld.Draft())).Refusals);
    }

    [Fact]
    public async Task Sending_the_same_twice_is_sending_it_once_at_the_limit_too()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.RequestLimit = 1;
        var key = Guid.NewGuid();
        var sent = (await world.SubmitAsync(Company.Mira, PortalWorld.Draft(), key)).Value;
        Assert.Equal(sent.RequestId, (await world.SubmitAsync(Company.Mira, PortalWorld.Draft(), key)).Value.RequestId);
    }

    [Theory, BothDatabases]
    public async Task A_refused_attempt_is_recorded_once_in_ten_minutes_for_each_person_and_reason(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var mira = await world.IdentifyAsync(Company.Mira);
        for (var attempt = 0; attempt < 4; attempt++)
        {
            var client = mira with { Client = new ClientInfo("192.0.2.7", $"agent {attempt}") };
            await SendAsync(world, PortalWorld.Draft(Company.PaymentsVault + $"/secrets/no-such-{attempt}"), client);
            await SendAsync(world, PortalWorld.Draft(Company.Carrier, ticket: "INC-1"), client);
            await SendAsync(world, PortalWorld.Draft(), client with { Confirmed = false });
        }

        Assert.Equal([RefusalCode.ScopeUnknown, RefusalCode.NotEligible, RefusalCode.StandingUnknown], (await AttemptsAsync(world)).Select(e => e.Reason));
        await SendAsync(world, PortalWorld.Draft(Company.Stripe + "-no-such"), await world.IdentifyAsync(Company.Priya));
        Assert.Equal(4, (await AttemptsAsync(world)).Count);
        world.Clock.Advance(AuditReads.Window);
        await SendAsync(world, PortalWorld.Draft(Company.Stripe + "-no-such"), mira);
        Assert.Equal(5, (await AttemptsAsync(world)).Count);
    }

    // SQLite knows no figures about its tables; PostgreSQL does, and chooses by them.
    [Fact]
    public async Task What_somebody_sent_is_counted_by_the_index_of_their_own()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.RequestLimit = 5;
        await world.AskAsync();
        var plans = await QueryPlans.OnAsync("AccessRequests", world, () => world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword)));
        Assert.Contains(plans, plan => plan.EndsWith("USING INDEX IX_AccessRequests_RequesterObjectId_Id (RequesterObjectId=?)", StringComparison.Ordinal));
        Assert.DoesNotContain(plans, plan => plan.StartsWith("SCAN", StringComparison.Ordinal) || plan.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }

    private static async Task SendAndWithdrawAsync(PortalWorld world)
    {
        var asked = await world.AskAsync();
        Assert.True((await world.Get<WithdrawRequest>().ExecuteAsync(asked.RequestId, await world.IdentifyAsync(Company.Mira), Ct)).Succeeded);
    }

    private static async Task SendAsync(PortalWorld world, RequestDraft draft, Actor actor) =>
        Assert.False((await world.Get<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), draft), actor, Ct)).Succeeded);

    private static async Task<List<AuditEvent>> AttemptsAsync(PortalWorld world) => [.. (await world.EventsAsync()).Where(e => e.Code == AuditCode.AttemptRefused.Value)];
}
