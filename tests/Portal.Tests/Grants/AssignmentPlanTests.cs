using CsCheck;
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

    private static Grant GrantOf(int startsIn, int minutes, GrantState state, bool requested)
    {
        var starts = Now.AddMinutes(startsIn);
        var grant = new Grant(
            new GrantOrder(Guid.NewGuid(), "R-00000000", Company.Mira.Id, Company.Mira.Name, Company.Stripe, "kv-payments-prod", "stripe-api-key", GrantableRole.SecretsUser, starts, starts.AddMinutes(minutes)),
            starts);
        if (state is GrantState.Provisioning or GrantState.Active)
            grant.StartProvisioning();
        if (state == GrantState.Active)
            grant.Activate(byStandingAccess: false, starts);
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
            assignment.Observe(observed, described);
        return assignment;
    }
}
