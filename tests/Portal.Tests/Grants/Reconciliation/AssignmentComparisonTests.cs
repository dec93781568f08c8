using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Reconciliation;

/// <summary>What is seen of one trio, compared with what should be there: pure, so every case is told here.</summary>
public sealed class AssignmentComparisonTests
{
    private static readonly DateTimeOffset Now = PortalWorld.Start;
    private static readonly DateTimeOffset Until = Now.AddHours(4);
    private static readonly Guid Role = GrantableRole.SecretsUser.DefinitionId;
    private static readonly Guid Name = AssignmentName.Of(Company.Stripe, Company.Mira.ObjectId, Role);
    private static readonly AssignmentSeen Ours = new(Company.Stripe, Name, Company.Mira.ObjectId, Role, AssignmentMark.For(Until)) { TenantId = Company.Tenant, WrittenAt = Now.AddHours(-1) };
    private static readonly AssignmentSeen Theirs = Ours with { Name = Guid.NewGuid(), Description = "made by hand" };

    [Fact]
    public void Ours_with_a_live_grant_is_in_order() => Assert.Equal(TrioJudgement.InOrder, AssignmentComparison.OfSeen(Ours, Row(), [Active()], Now));

    [Fact]
    public void A_mark_that_nothing_explains_is_unexpected_whether_the_portal_knows_the_trio_or_not()
    {
        Assert.Equal(TrioJudgement.Unexpected, AssignmentComparison.OfSeen(Ours, null, [], Now));
        Assert.Equal(TrioJudgement.Unexpected, AssignmentComparison.OfSeen(Ours, Row(AssignmentObservation.Absent), [], Now));
        Assert.Equal(TrioJudgement.Unexpected, AssignmentComparison.OfSeen(Ours with { Name = Guid.NewGuid() }, null, [], Now));
        Assert.Equal(TrioJudgement.Unexpected, AssignmentComparison.OfSeen(Ours, Row(AssignmentObservation.Absent), [Scheduled()], Now));
    }

    [Fact]
    public void What_does_not_carry_the_mark_is_nobodys_business_but_its_owners()
    {
        Assert.Equal(TrioJudgement.InOrder, AssignmentComparison.OfSeen(Theirs, null, [], Now));
        Assert.Equal(TrioJudgement.InOrder, AssignmentComparison.OfSeen(Theirs with { Description = null }, Row(AssignmentObservation.Absent), [], Now));
        Assert.Equal(TrioJudgement.InOrder, AssignmentComparison.OfSeen(Ours with { Description = "x" + Ours.Description }, null, [], Now));
    }

    [Fact]
    public void Somebody_elses_on_the_trio_of_a_live_grant_is_standing_access_until_the_grant_says_so()
    {
        Assert.Equal(TrioJudgement.HeldByAnother, AssignmentComparison.OfSeen(Theirs, Row(), [Active()], Now));
        Assert.Equal(TrioJudgement.HeldByAnother, AssignmentComparison.OfSeen(Theirs, Row(AssignmentObservation.HeldByAnother), [Active()], Now));
        Assert.Equal(TrioJudgement.InOrder, AssignmentComparison.OfSeen(Theirs, Row(AssignmentObservation.HeldByAnother), [Active(standing: true)], Now));
    }

    [Fact]
    public void Ours_where_somebody_elses_is_believed_to_be_is_looked_at()
    {
        Assert.Equal(TrioJudgement.Missing, AssignmentComparison.OfSeen(Ours, Row(AssignmentObservation.HeldByAnother), [Active(standing: true)], Now));
    }

    [Fact]
    public void Another_description_another_end_or_a_condition_is_altered()
    {
        foreach (var changed in (AssignmentSeen[])[Ours with { Description = null }, Ours with { Description = AssignmentMark.For(Until.AddSeconds(1)) }, Ours with { Description = Ours.Description + " " }, Ours with { Condition = "true" }])
            Assert.Equal(TrioJudgement.Altered, AssignmentComparison.OfSeen(changed, Row(), [Active()], Now));
    }

    [Fact]
    public void One_that_was_there_and_is_needed_and_is_not_there_is_missing()
    {
        Assert.Equal(TrioJudgement.Missing, AssignmentComparison.OfUnseen(Row(), [Active()], Now));
        Assert.Equal(TrioJudgement.Missing, AssignmentComparison.OfUnseen(Row(AssignmentObservation.HeldByAnother), [Active(standing: true)], Now));
        Assert.Equal(TrioJudgement.InOrder, AssignmentComparison.OfUnseen(Row(), [Scheduled()], Now));
        Assert.Equal(TrioJudgement.InOrder, AssignmentComparison.OfUnseen(Row(AssignmentObservation.Absent), [], Now));
    }

    [Theory]
    [InlineData(599, TrioStanding.Unsettled)]
    [InlineData(600, TrioStanding.Drifted)]
    public void Nothing_is_said_for_ten_minutes_after_our_own_write(int seconds, TrioStanding standing)
    {
        var now = Now.AddSeconds(seconds);
        Assert.Equal(standing, AssignmentComparison.OfUnseen(Row(written: Now), [Active()], now).Standing);
        Assert.Equal(standing, AssignmentComparison.OfSeen(Ours, Row(AssignmentObservation.Absent, written: Now), [], now).Standing);
        Assert.Equal(standing, AssignmentComparison.OfSeen(Ours with { Description = "old" }, Row(written: Now), [Active()], now).Standing);
    }

    [Theory]
    [InlineData(5, TrioStanding.Unsettled)]
    [InlineData(6, TrioStanding.Drifted)]
    [InlineData(86_400, TrioStanding.Drifted)]
    public void What_was_written_by_a_clock_that_was_set_back_since_is_not_believed_until_the_time_has_come_round(int seconds, TrioStanding standing)
    {
        var ahead = Now.AddSeconds(seconds);
        Assert.Equal(standing, AssignmentComparison.OfUnseen(Row(written: ahead), [Active()], Now).Standing);
        Assert.Equal(standing, AssignmentComparison.OfSeen(Ours, Row(AssignmentObservation.Absent, written: ahead), [], Now).Standing);
    }

    [Fact]
    public void What_was_written_after_our_own_write_is_judged_at_once_and_what_may_be_a_clocks_fault_is_not()
    {
        var removed = Row(AssignmentObservation.Absent, written: Now);
        Assert.Equal(TrioJudgement.Unexpected, AssignmentComparison.OfSeen(Ours with { WrittenAt = Now.AddSeconds(6) }, removed, [], Now.AddSeconds(7)));
        Assert.Equal(TrioJudgement.Unsettled, AssignmentComparison.OfSeen(Ours with { WrittenAt = Now.AddSeconds(5) }, removed, [], Now.AddSeconds(7)));
        Assert.Equal(TrioJudgement.Unsettled, AssignmentComparison.OfSeen(Ours with { WrittenAt = null }, removed, [], Now.AddSeconds(7)));
    }

    [Fact]
    public void What_a_worker_is_about_to_do_or_doing_is_not_judged()
    {
        var announced = Row();
        announced.Announce(AssignmentIntent.Delete, null, Now);
        var due = Row();
        due.LookAt(Now);
        var claimed = Row();
        claimed.Claim(Now.AddSeconds(30));
        foreach (var busy in (DesiredAssignment[])[announced, due, claimed])
        {
            Assert.Equal(TrioJudgement.Unsettled, AssignmentComparison.OfSeen(Ours, busy, [], Now));
            Assert.Equal(TrioJudgement.Unsettled, AssignmentComparison.OfUnseen(busy, [Active()], Now));
        }
    }

    [Fact]
    public void Of_overlapping_grants_the_last_end_counts()
    {
        var longer = Active(hours: 6);
        Assert.Equal(TrioJudgement.Altered, AssignmentComparison.OfSeen(Ours, Row(), [Active(), longer], Now));
        Assert.Equal(TrioJudgement.InOrder, AssignmentComparison.OfSeen(Ours with { Description = AssignmentMark.For(longer.EndsAt) }, Row(), [Active(), longer], Now));
    }

    private static Grant Active(bool standing = false, int hours = 4)
    {
        var grant = Order(Now.AddHours(-1), Now.AddHours(hours));
        grant.Activate(Now.AddHours(-1));
        grant.NoteStandingAccess(standing);
        return grant;
    }

    private static Grant Scheduled() => Order(Now.AddHours(1), Until);

    private static Grant Order(DateTimeOffset from, DateTimeOffset to) =>
        new(new GrantOrder(Guid.NewGuid(), "REQ-1", Company.Mira.Id, Company.Mira.Name, Company.Stripe, "kv-payments-prod", "stripe-api-key", GrantableRole.SecretsUser, from, to), Now.AddHours(-2));

    private static DesiredAssignment Row(AssignmentObservation observed = AssignmentObservation.Present, DateTimeOffset? written = null)
    {
        var row = new DesiredAssignment(Order(Now.AddHours(-1), Until));
        row.NoteWritten(observed, observed == AssignmentObservation.Present ? Until : null, written ?? Now.AddHours(-1));
        row.Release(null, Until);
        return row;
    }
}
