using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Approvals;

/// <summary>Deciding, and every way of deciding what is not yours to decide.</summary>
public sealed class DecideRequestTests
{
    [Theory, BothDatabases]
    public async Task A_yes_saves_the_verdict_the_grant_and_the_events_together(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        world.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, comment: "Go on")).Refusals);
        Assert.Equal(RequestState.Approved, (await world.RequestAsync(asked.RequestId)).State);
        var grant = await world.GrantOfAsync(asked.RequestId);
        Assert.Equal((PortalWorld.Start.AddMinutes(10), PortalWorld.Start.AddMinutes(40)), (grant.StartsAt, grant.EndsAt));
        Assert.Equal(["request.submitted", "request.approved", "grant.scheduled"], await world.CodesAsync(asked.RequestId));
    }

    [Theory, BothDatabases]
    public async Task Without_an_audit_record_there_is_no_decision_and_no_grant(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        world.DatabaseFaults.Break = sql => sql.Contains("INSERT INTO \"AuditEvents\"", StringComparison.Ordinal) ? new IOException("The disk is full.") : null;
        await Assert.ThrowsAnyAsync<Exception>(() => world.DecideAsync(asked.RequestId, Company.Priya));
        world.DatabaseFaults.Break = null;
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
        Assert.Equal(0, await world.ReadAsync(db => db.Grants.CountAsync()));
        Assert.Equal(0, await world.ReadAsync(db => db.ApprovalDecisions.CountAsync()));
    }

    [Fact]
    public async Task A_no_needs_a_comment_and_gives_nothing()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        foreach (var blank in (string?[])[null, "", "   ", "\u200B"])
        {
            var refusal = Assert.Single((await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, blank)).Refusals);
            Assert.Equal((RefusalCode.CommentMissing, "comment"), (refusal.Code, refusal.Field));
        }

        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "Use the test vault")).Refusals);
        Assert.Equal(RequestState.Denied, (await world.RequestAsync(asked.RequestId)).State);
        Assert.Equal(0, await world.ReadAsync(db => db.Grants.CountAsync()));
        Assert.Equal("Use the test vault", (await world.EventsAsync(asked.RequestId))[^1].Comment);
    }

    [Theory]
    [InlineData("a\0b", RefusalCode.TextControlCharacter)]
    [InlineData("a\u202Eb", RefusalCode.TextDirectionOverride)]
    public async Task A_comment_goes_by_the_rules_of_text(string comment, string code)
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        foreach (var verdict in Enum.GetValues<Verdict>())
            Assert.Equal((code, "comment"), Code((await world.DecideAsync(asked.RequestId, Company.Priya, verdict, comment)).Refusals));
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
    }

    [Fact]
    public async Task Nobody_decides_their_own_request_by_any_path()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync(Company.Priya);
        foreach (var verdict in Enum.GetValues<Verdict>())
            Assert.Equal(RefusalCode.OwnRequest, (await world.DecideAsync(asked.RequestId, Company.Priya, verdict, "Fine")).Refusals[0].Code);

        // Another identity that acts on her behalf is still her.
        var agent = new Actor(ActorKind.Workload, new PrincipalId(Company.Tenant, Guid.NewGuid()), "agent", null, new HashSet<PortalRole> { PortalRole.Approver }, new HashSet<Guid> { Company.PaymentsApprovers })
        {
            Confirmed = true,
            OnBehalfOf = Company.Priya.Id,
        };
        var result = await world.Get<DecideRequest>().ExecuteAsync(new DecisionInput(asked.RequestId, Verdict.Approved, null), agent, TestContext.Current.CancellationToken);
        Assert.Equal(RefusalCode.OwnRequest, result.Refusals[0].Code);
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
        Assert.Equal(3, (await world.CodesAsync(asked.RequestId)).Count(c => c == "identity.attempt_refused"));
    }

    [Fact]
    public async Task Nobody_decides_for_a_group_that_is_not_theirs()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        var refusal = Assert.Single((await world.DecideAsync(asked.RequestId, Company.Tomas)).Refusals);
        Assert.Equal((RefusalCode.NotApprover, "payments-approvers"), (refusal.Code, refusal.Arguments[0]));
        foreach (var other in (TestPerson[])[Company.Mira, Company.Jonas, Company.Ingrid])
            Assert.Equal(RefusalCode.RoleMissing, (await world.DecideAsync(asked.RequestId, other)).Refusals[0].Code);
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
    }

    [Fact]
    public async Task An_approver_who_has_left_the_group_meanwhile_decides_nothing()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        world.Directory.Leave(Company.Priya, Company.PaymentsApprovers);
        foreach (var verdict in Enum.GetValues<Verdict>())
            Assert.Equal(RefusalCode.NotApprover, (await world.DecideAsync(asked.RequestId, Company.Priya, verdict, "Fine")).Refusals[0].Code);
        Assert.Contains("identity.attempt_refused", await world.CodesAsync(asked.RequestId));
    }

    [Fact]
    public async Task A_requester_who_has_left_the_group_meanwhile_is_given_nothing()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        world.Directory.Leave(Company.Mira, Company.PaymentsEngineers);
        var refusal = Assert.Single((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        Assert.Equal((RefusalCode.RequesterNoLongerEligible, Company.Mira.Name), (refusal.Code, refusal.Arguments[0]));
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "Not on the team any more")).Refusals);
    }

    [Fact]
    public async Task While_the_directory_is_silent_a_no_is_possible_and_a_yes_is_not()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        Assert.Equal(RefusalCode.StandingUnknown, (await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals[0].Code);
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "Not now")).Refusals);
    }

    [Fact]
    public async Task What_is_decided_stays_decided()
    {
        await using var world = await PortalWorld.OpenAsync();
        var approved = await world.PromiseAsync();
        var refusal = Assert.Single((await world.DecideAsync(approved.RequestId, Company.Priya, Verdict.Denied, "Changed my mind")).Refusals);
        Assert.Equal((RefusalCode.AlreadySettled, nameof(RequestState.Approved)), (refusal.Code, refusal.Arguments[0]));
        Assert.Equal(GrantState.Scheduled, (await world.GrantOfAsync(approved.RequestId)).State);
    }

    [Fact]
    public async Task A_request_that_does_not_exist_is_not_found()
    {
        await using var world = await PortalWorld.OpenAsync();
        Assert.Equal(RefusalCode.NotFound, (await world.DecideAsync(Guid.NewGuid(), Company.Priya)).Refusals[0].Code);
    }

    [Fact]
    public async Task Approved_within_its_window_it_ends_when_it_was_to_end()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(1)));
        world.Clock.Advance(TimeSpan.FromMinutes(80));
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        var grant = await world.GrantOfAsync(asked.RequestId);
        Assert.Equal((PortalWorld.Start.AddMinutes(80), PortalWorld.Start.AddMinutes(90)), (grant.StartsAt, grant.EndsAt));
    }

    private static (string, string?) Code(IReadOnlyList<Refusal> refusals) => (Assert.Single(refusals).Code, refusals[0].Field);
}
