using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Approvals;

/// <summary>Of a thousand decisions at once, one counts.</summary>
public sealed class ThousandDecisionsTests
{
    [Theory, BothDatabases(0, 3)]
    public async Task One_thousand_concurrent_decisions_count_once(DatabaseKind kind, int deniers)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        var priya = await world.IdentifyAsync(Company.Priya);
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var decisions = Enumerable.Range(0, 1000).Select(number => Task.Run(async () =>
        {
            // A thousand approvers of the same group; in the second case every third says no.
            var approver = priya with { Id = new PrincipalId(Company.Tenant, Guid.NewGuid()), DisplayName = $"Approver {number}" };
            var verdict = deniers > 0 && number % deniers == 0 ? Verdict.Denied : Verdict.Approved;
            await start.Task;
            return (verdict, result: await world.Get<DecideRequest>().ExecuteAsync(new DecisionInput(asked.RequestId, verdict, "Decided"), approver, TestContext.Current.CancellationToken));
        })).ToList();
        start.SetResult();
        var outcomes = await Task.WhenAll(decisions);

        var (verdict, _) = Assert.Single(outcomes, o => o.result.Succeeded);
        Assert.All(outcomes.Where(o => !o.result.Succeeded), o => Assert.Equal(RefusalCode.AlreadySettled, Assert.Single(o.result.Refusals).Code));
        Assert.Equal(verdict == Verdict.Approved ? RequestState.Approved : RequestState.Denied, (await world.RequestAsync(asked.RequestId)).State);
        Assert.Equal(1, await world.ReadAsync(db => db.ApprovalDecisions.CountAsync()));
        Assert.Equal(verdict == Verdict.Approved ? 1 : 0, await world.ReadAsync(db => db.Grants.CountAsync()));
        Assert.Equal(
            verdict == Verdict.Approved ? ["request.submitted", "request.approved", "grant.scheduled"] : ["request.submitted", "request.denied"],
            await world.CodesAsync());
    }

    [Theory, BothDatabases]
    public async Task Decisions_and_withdrawals_at_once_count_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var priya = await world.IdentifyAsync(Company.Priya);
        var mira = await world.IdentifyAsync(Company.Mira);
        for (var round = 0; round < 10; round++)
        {
            var asked = await world.AskAsync();
            var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(() => number % 2 == 0
                ? world.Get<DecideRequest>().ExecuteAsync(new DecisionInput(asked.RequestId, Verdict.Denied, "No"), priya with { Id = new PrincipalId(Company.Tenant, Guid.NewGuid()) }, TestContext.Current.CancellationToken)
                : world.Get<WithdrawRequest>().ExecuteAsync(asked.RequestId, mira, TestContext.Current.CancellationToken))));
            Assert.Single(results, r => r.Succeeded);
            Assert.Equal(2, (await world.CodesAsync(asked.RequestId)).Count);
        }
    }
}
