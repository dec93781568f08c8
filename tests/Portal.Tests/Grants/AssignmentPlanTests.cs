using CsCheck;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>The plan for one assignment, over anything that can be.</summary>
public sealed class AssignmentPlanTests
{
    private static readonly DateTimeOffset Now = PortalWorld.Start;

    private static readonly Gen<Grant> AnyGrant = Gen.Select(Gen.Int[-120, 120], Gen.Int[5, 120], Gen.Enum<GrantState>(), Gen.Bool).Select(GrantOf);

    private static readonly Gen<(AssignmentObservation Observed, DateTimeOffset? Described)> AnyObservation =
        Gen.Select(Gen.Enum<AssignmentObservation>(), Gen.Int[-10, 240]).Select((o, m) => (o, o == AssignmentObservation.Present ? (DateTimeOffset?)Now.AddMinutes(m) : null));

    [Fact]
    public void Whatever_is_there_the_plan_wants_exactly_what_live_grants_need() => Gen.Select(AnyGrant.Array[0, 5], AnyObservation).Sample((grants, seen) =>
    {
        var plan = AssignmentPlan.For(AssignmentSeenAs(seen.Observed, seen.Described), grants, Now);
        var needing = grants.Where(g => g.IsLive && g.StartsAt <= Now && Now < g.EndsAt).ToList();
        Assert.Equal(needing.Count == 0 ? null : needing.Max(g => g.EndsAt), plan.WantedUntil);
        Assert.All(plan.ToProvision, g => Assert.Contains(g, needing));
        Assert.DoesNotContain(plan.ToProvision, g => g.State == GrantState.Active);
        Assert.All(plan.ToEnd, g => Assert.DoesNotContain(g, needing));
        Assert.All(grants.Where(g => g.State == GrantState.Revoking || (g.IsLive && g.EndsAt <= Now)), g => Assert.Contains(g, plan.ToEnd));
        Assert.DoesNotContain(plan.ToEnd, g => g.State == GrantState.Ended);
    });

    [Fact]
    public void It_deletes_only_what_may_be_ours_and_nobody_needs() => Gen.Select(AnyGrant.Array[0, 5], AnyObservation).Sample((grants, seen) =>
    {
        var plan = AssignmentPlan.For(AssignmentSeenAs(seen.Observed, seen.Described), grants, Now);
        var needed = plan.WantedUntil is not null;
        Assert.Equal(!needed && seen.Observed is AssignmentObservation.Present or AssignmentObservation.Unknown && !needed, plan.Call == AssignmentIntent.Delete);
        if (plan.Call == AssignmentIntent.Put)
            Assert.True(needed);
        if (needed && seen.Observed is AssignmentObservation.Absent or AssignmentObservation.Unknown && needed)
            Assert.Equal(AssignmentIntent.Put, plan.Call);
        if (needed && seen.Observed == AssignmentObservation.Present)
            Assert.Equal(seen.Described == plan.WantedUntil ? AssignmentIntent.None : AssignmentIntent.Put, plan.Call);
    });

    [Fact]
    public void It_looks_again_no_later_than_the_next_start_or_end() => AnyGrant.Array[0, 5].Sample(grants =>
    {
        var plan = AssignmentPlan.For(AssignmentSeenAs(AssignmentObservation.Absent, null), grants, Now);
        var edges = grants.Where(g => g.IsLive).SelectMany(g => new[] { g.StartsAt, g.EndsAt }).Where(t => t > Now).ToList();
        Assert.Equal(edges.Count == 0 ? null : edges.Min(), plan.NextChange);
    });

    [Fact]
    public void A_grant_that_is_held_back_counts_for_nothing_and_an_active_one_loses_nothing_of_what_may_be_there() => Gen.Select(AnyGrant.Array[0, 5], AnyObservation, Gen.Int[0, 31]).Sample((grants, seen, mask) =>
    {
        var held = grants.Where((_, i) => (mask & (1 << i)) != 0).ToList();
        var clearance = new Clearance(grants.Select(g => g.Id).ToHashSet(), held.ToDictionary(g => g.Id, _ => new CloudCallException("X", "x", null, false)));
        var assignment = AssignmentSeenAs(seen.Observed, seen.Described);
        var with = AssignmentPlan.For(assignment, grants, Now, clearance);
        var without = AssignmentPlan.For(assignment, [.. grants.Except(held)], Now);
        var mayHaveIt = seen.Observed == AssignmentObservation.Unknown && held.Exists(g => g.State == GrantState.Active && g.NeedsRoleAt(Now));
        Assert.Equal((mayHaveIt && without.Call == AssignmentIntent.Delete ? AssignmentIntent.None : without.Call, without.WantedUntil), (with.Call, with.WantedUntil));
        Assert.Equal(without.Needing, with.Needing);
        // What is over is over, held back or not.
        Assert.Equal(grants.Where(g => g.IsToEndAt(Now)), with.ToEnd);
    });

    [Fact]
    public void What_is_unknown_is_not_read_whoever_asks_for_a_look_and_is_not_due_again_at_once_for_it() => Gen.Select(AnyGrant.Array[0, 5], AnyObservation, Gen.Int[0, 31]).Sample((grants, seen, mask) =>
    {
        var held = grants.Where((_, i) => (mask & (1 << i)) != 0).ToDictionary(g => g.Id, _ => new CloudCallException("X", "x", null, false));
        var assignment = AssignmentSeenAs(seen.Observed, seen.Described);
        assignment.Doubt(Now, lateCall: true);
        var plan = AssignmentPlan.For(assignment, grants, Now, new Clearance(grants.Select(g => g.Id).ToHashSet(), held));
        Assert.Equal(plan.Call == AssignmentIntent.None && assignment.Observed is (AssignmentObservation.Present or AssignmentObservation.Absent), plan.Look);
        Assert.False(plan is { Call: AssignmentIntent.None, Look: false } && plan.NextChange <= Now);
    });

    [Fact]
    public void A_removal_that_was_confirmed_by_a_clock_that_was_set_back_since_is_made_again_as_soon_as_any_other()
    {
        var assignment = AssignmentSeenAs(AssignmentObservation.Present, Now);
        assignment.NoteWritten(AssignmentObservation.Absent, null, Now.AddDays(1));
        // A call that got through late, or a read that is behind.
        assignment.NoteReading(new AssignmentReading(ReadingKind.AsOrdered), Now);
        Assert.Equal(AssignmentIntent.None, AssignmentPlan.For(assignment, [], Now).Call);
        Assert.InRange(AssignmentPlan.For(assignment, [], Now).NextChange!.Value, Now, Now.AddMinutes(1));
        Assert.Equal(AssignmentIntent.Delete, AssignmentPlan.For(assignment, [], Now + LookDelay.Propagation).Call);
    }

    [Fact]
    public void It_looks_or_writes_again_at_what_is_not_seen_and_leaves_alone_what_is() => Gen.Select(AnyGrant.Array[0, 5], AnyObservation, Gen.Int[0, 1200], Gen.Bool).Sample((grants, seen, seconds, shown) =>
    {
        var assignment = AssignmentSeenAs(seen.Observed, seen.Described);
        if (seen.Observed is AssignmentObservation.Present or AssignmentObservation.Absent && assignment.WrittenAt is not null && shown)
            assignment.NoteReading(new AssignmentReading(seen.Observed == AssignmentObservation.Present ? ReadingKind.AsOrdered : ReadingKind.Missing), Now);
        var later = Now.AddSeconds(seconds);
        var plan = AssignmentPlan.For(assignment, grants, later);
        Assert.False(plan.Look && plan.Call != AssignmentIntent.None);
        Assert.Equal(plan.Call == AssignmentIntent.None && assignment.LookDueAt <= later, plan.Look);
        if (seen.Observed == AssignmentObservation.Present && plan.WantedUntil == assignment.DescribedUntil && plan.WantedUntil is not null)
            Assert.Equal(!shown && seconds >= 600 ? AssignmentIntent.Put : AssignmentIntent.None, plan.Call);
    });

    private static Grant GrantOf(int startsIn, int minutes, GrantState state, bool requested)
    {
        var starts = Now.AddMinutes(startsIn);
        var grant = new Grant(
            new GrantOrder(Guid.NewGuid(), "R-00000000", Company.Mira.Id, Company.Mira.Name, Company.Stripe, "kv-payments-prod", "stripe-api-key", GrantableRole.SecretsUser, starts, starts.AddMinutes(minutes)),
            starts);
        if (state is GrantState.Provisioning or GrantState.Active)
            grant.StartProvisioning();
        if (state == GrantState.Active)
            grant.Activate(starts);
        if (state == GrantState.Revoking && requested)
            grant.RequestEnd(Actor.System, "reason", starts);
        else if (state == GrantState.Revoking)
            grant.StartRevoking(starts);
        if (state == GrantState.Ended)
            grant.End(starts);
        return grant;
    }

    private static DesiredAssignment AssignmentSeenAs(AssignmentObservation observed, DateTimeOffset? described)
    {
        var assignment = new DesiredAssignment(GrantOf(0, 5, GrantState.Scheduled, false));
        if (observed == AssignmentObservation.Unknown)
            assignment.Announce(AssignmentIntent.Put, Now.AddMinutes(5), Now);
        else if (observed != AssignmentObservation.Absent)
            assignment.NoteWritten(observed, described, Now);
        return assignment;
    }
}
