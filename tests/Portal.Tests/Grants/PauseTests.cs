using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>An administrator stops new grants, for a while, and takes back what is given.</summary>
public sealed class PauseTests
{
    private static readonly PauseInput Everything = new(PauseTarget.Everything, null, null, "Incident 42");
    private static readonly PauseInput OfMira = new(PauseTarget.Principal, Company.Mira.ObjectId, null, "Laptop lost");
    private static readonly PauseInput OfPayments = new(PauseTarget.Scope, null, Company.PaymentsVault, "Keys are being rotated");

    public static TheoryData<DatabaseKind, string> EveryPause => new(
        Enum.GetValues<DatabaseKind>().SelectMany(kind => new[] { "everything", "mira", "vault", "secret" }.Select(which => (kind, which))));

    [Theory, MemberData(nameof(EveryPause))]
    public async Task What_is_due_waits_under_a_pause_says_so_and_is_given_when_it_is_lifted(DatabaseKind kind, string which)
    {
        Assert.SkipWhen(PortalDatabase.WhyUnavailable(kind) is not null, PortalDatabase.WhyUnavailable(kind) ?? "");
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        var pause = await world.PauseAsync(which switch
        {
            "everything" => Everything,
            "mira" => OfMira,
            "vault" => OfPayments,
            _ => OfPayments with { Scope = Company.Stripe.ToUpperInvariant() },
        });

        await world.PassAsync(TimeSpan.FromMinutes(10));
        var waiting = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Scheduled, pause.PauseId, promised.EndsAt), (waiting.State, waiting.PauseId, waiting.EndsAt));
        Assert.Empty(world.Cloud.Calls);
        Assert.Single(await world.CodesAsync(promised.RequestId), code => code == "grant.paused");
        var shown = Assert.Single((await world.Get<ListGrants>().ExecuteAsync(new GrantQuery(), await world.IdentifyAsync(Company.Mira), Ct)).Value.Items);
        Assert.Equal("Tomás Herrera", shown.Pause?.PausedBy);

        Assert.Empty((await world.ResumeAsync(pause.PauseId)).Refusals);
        await world.WorkAsync();
        var given = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Active, (Guid?)null, promised.EndsAt), (given.State, given.PauseId, given.EndsAt));
        Assert.Single(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task A_pause_holds_at_an_instance_that_nobody_told(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var services = new ServiceCollection().AddLogging();
        world.AddTo(services);
        await using var other = services.BuildServiceProvider();
        var promised = await world.PromiseAsync();
        // It has taken the work up before the pause, and announces after it.
        var claim = Assert.Single((await other.GetRequiredService<ClaimDueAssignments>().ExecuteAsync(10, Actor.System, Ct)).Value.Claims);
        await world.PauseAsync(Everything);
        Assert.True((await other.GetRequiredService<DriveAssignment>().ExecuteAsync(claim, Actor.System, Ct)).Value);
        Assert.Empty(world.Cloud.Calls);
        Assert.NotNull((await world.GrantOfAsync(promised.RequestId)).PauseId);
    }

    [Fact]
    public async Task What_a_pause_does_not_cover_is_given()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.PauseAsync(OfPayments with { Scope = Company.LedgerPassword });
        await world.PauseAsync(new PauseInput(PauseTarget.Scope, null, Company.LegacyVault, "Migration"));
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task A_grant_whose_whole_time_passes_under_a_pause_ends_without_being_given()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        var pause = await world.PauseAsync(Everything);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(31));
        await world.ResumeAsync(pause.PauseId);
        await world.WorkAsync();
        var ended = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, GrantEnding.Expired, (DateTimeOffset?)null), (ended.State, ended.Ending, ended.ActivatedAt));
        Assert.Empty(world.Cloud.Calls);
    }

    [Fact]
    public async Task A_pause_never_holds_up_an_end()
    {
        await using var world = await PortalWorld.OpenAsync();
        var returned = await world.PromiseAsync();
        var expiring = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        await world.WorkAsync();
        await world.PauseAsync(Everything);
        await world.ReturnAsync(returned.Id, Company.Mira);
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(expiring.RequestId)).State);
    }

    [Fact]
    public async Task An_active_grant_stays_when_nobody_asks_to_take_back_and_a_later_one_of_the_same_trio_does_not_lengthen_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddMinutes(20)));
        await world.WorkAsync();
        await world.PauseAsync(Everything);
        await world.PassAsync(TimeSpan.FromMinutes(25));
        Assert.Equal(first.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.NotNull((await world.GrantOfAsync(second.RequestId)).PauseId);
        await world.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Empty(world.Cloud.Standing);
    }

    [Fact]
    public async Task A_pause_that_comes_between_the_announcement_and_the_outcome_takes_the_role_away_again()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        PauseOutcome? pause = null;
        world.Cloud.FailBefore = _ =>
        {
            pause ??= world.PauseAsync(Everything).GetAwaiter().GetResult();
            return null;
        };
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal([CloudVerb.Put, CloudVerb.Delete], world.Cloud.Calls.Select(c => c.Verb));
        Assert.Equal(GrantState.Scheduled, (await world.GrantOfAsync(promised.RequestId)).State);
        await world.ResumeAsync(pause!.PauseId);
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task A_call_that_was_announced_and_whose_outcome_is_not_known_is_undone_under_a_pause_at_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        // The answer is lost, the effect is not; the retry would come minutes later.
        world.Cloud.FailAfter = call => call.Verb == CloudVerb.Put ? new CloudCallException("NoAnswer", "Reset", null, isTransient: true, retryAfter: TimeSpan.FromMinutes(10)) : null;
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
        await world.PauseAsync(Everything);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task Taking_back_ends_every_live_grant_that_the_pause_covers_and_no_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var mine = new List<Grant>();
        foreach (var scope in new[] { Company.Stripe, Company.LedgerPassword })
            mine.Add(await world.PromiseAsync(draft: PortalWorld.Draft(scope)));
        mine.Add(await world.PromiseAsync(draft: PortalWorld.Draft(Company.PaymentsVault, start: PortalWorld.Start.AddHours(1))));
        var other = await world.PromiseAsync(Company.Jonas, PortalWorld.Draft(Company.Carrier, ticket: "T-1"), Company.Tomas);
        await world.WorkAsync();
        Assert.Equal(3, world.Cloud.Standing.Count);

        var pause = await world.PauseAsync(OfMira with { TakeBack = true });
        Assert.Equal(3, pause.TakenBack);
        await world.WorkAsync();
        Assert.Equal(Company.Jonas.ObjectId, Assert.Single(world.Cloud.Standing).PrincipalId);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(other.RequestId)).State);
        foreach (var grant in mine)
        {
            var ended = await world.GrantOfAsync(grant.RequestId);
            Assert.Equal((GrantState.Ended, GrantEnding.Revoked, "Laptop lost", "Tomás Herrera"), (ended.State, ended.Ending, ended.EndReason, ended.EndRequestedBy));
        }

        var codes = await world.CodesAsync();
        Assert.Equal((1, 1, 3), (codes.Count(c => c == "access.paused"), codes.Count(c => c == "access.taken_back"), codes.Count(c => c == "grant.revoked")));
        Assert.NotNull((await StandingAsync(world)).TakeBackDoneAt);
    }

    [Fact]
    public async Task A_pause_that_stands_can_still_take_back_and_only_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        var pause = await world.PauseAsync(Everything);
        Assert.Equal(RefusalCode.PausedAlready, Assert.Single((await TryAsync(world, Everything, Company.Tomas)).Refusals).Code);
        Assert.Equal((pause.PauseId, 1), await TakenBackAsync(world));
        Assert.Equal(RefusalCode.PausedAlready, Assert.Single((await TryAsync(world, Everything with { TakeBack = true }, Company.Tomas)).Refusals).Code);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task What_an_instance_left_half_taken_back_another_finishes(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        var pause = await world.PauseAsync(Everything);
        await using (var db = world.OpenDb())
        {
            // As an instance leaves it that dies right after saving the wish.
            (await db.AccessPauses.SingleAsync(p => p.Id == pause.PauseId, Ct)).AskTakeBack("The key is out", await world.IdentifyAsync(Company.Priya), world.Clock.Now());
            await db.SaveChangesAsync(Ct);
        }

        Assert.Equal(RefusalCode.PauseTakingBack, Assert.Single((await world.ResumeAsync(pause.PauseId)).Refusals).Code);
        Assert.Equal(0, (await world.Get<UpholdPauses>().ExecuteAsync(Actor.System, Ct)).Value);
        world.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(1, (await world.Get<UpholdPauses>().ExecuteAsync(Actor.System, Ct)).Value);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        var revoked = Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.revoked");
        // In the name and the words of who wanted them ended; somebody else had paused.
        Assert.Equal((ActorKind.System, Company.Priya.ObjectId, "The key is out"), (revoked.ActorKind, revoked.OnBehalfOfObjectId, revoked.Comment));
        var ended = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal(("Priya Raman", "The key is out"), (ended.EndRequestedBy, ended.EndReason));
    }

    [Theory, BothDatabases]
    public async Task So_it_does_where_the_wish_was_saved_by_a_clock_that_was_ahead(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        await world.WorkAsync();
        var pause = await world.PauseAsync(Everything);
        await using (var db = world.OpenDb())
        {
            (await db.AccessPauses.SingleAsync(p => p.Id == pause.PauseId, Ct)).AskTakeBack("The key is out", await world.IdentifyAsync(Company.Priya), world.Clock.Now() + TimeSpan.FromHours(1));
            await db.SaveChangesAsync(Ct);
        }

        world.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(1, (await world.Get<UpholdPauses>().ExecuteAsync(Actor.System, Ct)).Value);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
    }

    [Fact]
    public async Task Who_was_over_while_the_pause_stood_is_not_woken_again_and_again()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30, start: PortalWorld.Start.AddMinutes(10)));
        var pause = (await world.PauseAsync(new PauseInput(PauseTarget.Everything, null, null, "Incident", false))).PauseId;
        await world.PassAsync(TimeSpan.FromMinutes(10));
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Delete ? new CloudCallException("ScopeLocked", "Locked.", 409, isTransient: false) : null;
        await world.LiveAsync(TimeSpan.FromMinutes(50), TimeSpan.FromSeconds(10));
        Assert.Empty((await world.ResumeAsync(pause)).Refusals);
        await world.WorkAsync();
        world.Cloud.ClearCalls();
        for (var second = 0; second < 60; second += 5)
        {
            await world.Get<UpholdPauses>().ExecuteAsync(Actor.System, Ct);
            await world.PassAsync(TimeSpan.FromSeconds(5));
        }

        Assert.InRange(world.Cloud.Calls.Count, 0, 1);
    }

    [Theory, BothDatabases]
    public async Task What_still_sleeps_under_a_lifted_pause_is_woken(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        var pause = await world.PauseAsync(Everything);
        await world.WorkAsync();
        await using (var db = world.OpenDb())
        {
            // As an instance leaves it that dies right after saving the lift.
            (await db.AccessPauses.SingleAsync(p => p.Id == pause.PauseId, Ct)).Lift(await world.IdentifyAsync(Company.Tomas), world.Clock.Now());
            await db.SaveChangesAsync(Ct);
        }

        Assert.Equal(0, await world.WorkAsync());
        await world.Get<UpholdPauses>().ExecuteAsync(Actor.System, Ct);
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Equal(0, await world.WorkAsync());
    }

    [Fact]
    public async Task Under_a_pause_asking_and_denying_go_on_approving_does_not_and_everyone_is_told()
    {
        await using var world = await PortalWorld.OpenAsync();
        var pause = await world.PauseAsync(OfPayments);
        var mira = await world.IdentifyAsync(Company.Mira);
        var preview = (await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), mira, Ct)).Value;
        Assert.Empty(preview.Missing);
        Assert.Equal(("Tomás Herrera", "Keys are being rotated"), (preview.Pause?.PausedBy, preview.Pause?.Reason));

        var asked = await world.AskAsync();
        var priya = await world.IdentifyAsync(Company.Priya);
        var details = (await world.Get<GetRequest>().ExecuteAsync(asked.Reference, priya, Ct)).Value;
        Assert.Equal((RefusalCode.AccessPaused, (string?)null), (details.Actions.Approve?.Code, details.Actions.Deny?.Code));
        Assert.Equal(RefusalCode.AccessPaused, Assert.Single((await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(), priya, Ct)).Value.Items).ApproveRefusal?.Code);
        var refusal = Assert.Single((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        Assert.Equal((RefusalCode.AccessPaused, "Tomás Herrera", "Keys are being rotated"), (refusal.Code, refusal.Arguments[0], refusal.Arguments[1]));
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);

        await world.ResumeAsync(pause.PauseId);
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);

        await world.PauseAsync(OfPayments);
        var again = await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        Assert.Empty((await world.DecideAsync(again.RequestId, Company.Priya, Verdict.Denied, "Not now")).Refusals);
    }

    [Theory]
    [InlineData(null, RefusalCode.TextBlank)]
    [InlineData("\u200B", RefusalCode.TextBlank)]
    [InlineData("a\u202Eb", RefusalCode.TextDirectionOverride)]
    public async Task A_pause_needs_a_reason(string? reason, string code)
    {
        await using var world = await PortalWorld.OpenAsync();
        var refusal = Assert.Single((await TryAsync(world, Everything with { Reason = reason }, Company.Tomas)).Refusals);
        Assert.Equal((code, "reason"), (refusal.Code, refusal.Field));
        Assert.Equal(RefusalCode.TextTooLong, (await TryAsync(world, Everything with { Reason = new string('x', 501) }, Company.Tomas)).Refusals[0].Code);
    }

    [Fact]
    public async Task What_the_portal_does_not_know_cannot_be_paused_and_only_an_administrator_pauses()
    {
        await using var world = await PortalWorld.OpenAsync();
        Assert.Equal(RefusalCode.PauseTargetUnknown, (await TryAsync(world, OfMira, Company.Tomas)).Refusals[0].Code);
        Assert.Equal(RefusalCode.PauseTargetUnknown, (await TryAsync(world, OfPayments with { Scope = "/subscriptions/x" }, Company.Tomas)).Refusals[0].Code);
        Assert.Equal(RefusalCode.PauseTargetUnknown, (await TryAsync(world, OfPayments with { Scope = null }, Company.Tomas)).Refusals[0].Code);
        Assert.Equal(RefusalCode.RoleMissing, (await TryAsync(world, Everything, Company.Priya)).Refusals[0].Code);
        Assert.Single(await world.EventsAsync(), e => e is { Code: "identity.attempt_refused", Comment: nameof(PauseAccess) });
        var pause = await world.PauseAsync(Everything);
        Assert.Equal(RefusalCode.RoleMissing, (await world.ResumeAsync(pause.PauseId, Company.Priya)).Refusals[0].Code);
        Assert.Empty((await world.ResumeAsync(pause.PauseId)).Refusals);
        Assert.Equal(RefusalCode.PauseLifted, (await world.ResumeAsync(pause.PauseId)).Refusals[0].Code);
    }

    [Fact]
    public async Task An_administrator_finds_what_to_pause_and_sees_how_much_it_covers()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, start: PortalWorld.Start.AddHours(1)));
        await world.Get<RecordSignIn>().ExecuteAsync(SignInStep.In, await world.IdentifyAsync(Company.Mira), Ct);
        var tomas = await world.IdentifyAsync(Company.Tomas);
        async Task<IReadOnlyList<PauseCandidate>> Find(PauseTarget target, string text) => (await world.Get<FindPauseTargets>().ExecuteAsync(new PauseTargetQuery(target, text), tomas, Ct)).Value;

        Assert.Equal((1, 1), Assert.Single(await Find(PauseTarget.Everything, "")) is { } all ? (all.Live, all.Waiting) : default);
        var mira = Assert.Single(await Find(PauseTarget.Principal, "OKAFOR mira"));
        Assert.Equal((Company.Mira.Id, "mira@fenwick.example", 1, 1), (mira.Subject.Principal, mira.Detail, mira.Live, mira.Waiting));
        var scopes = await Find(PauseTarget.Scope, "stripe");
        Assert.Contains(scopes, c => c.Subject.Scope == Company.Stripe && c.Live == 1 && c.Waiting == 0);
        Assert.Empty(await Find(PauseTarget.Principal, " "));
    }

    [Theory, BothDatabases]
    public async Task Pauses_are_listed_with_what_they_cover_and_page_on(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        await world.WorkAsync();
        await world.PauseAsync(OfMira);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        var first = await world.PauseAsync(OfPayments);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.PauseAsync(Everything);
        var tomas = await world.IdentifyAsync(Company.Tomas);
        var list = world.Get<ListPauses>();
        var page = (await list.ExecuteAsync(new PauseQuery(Take: 2), tomas, Ct)).Value;
        Assert.Equal([PauseTarget.Everything, PauseTarget.Scope], page.Items.Select(p => p.Subject.Target));
        Assert.All(page.Items, p => Assert.Equal(1, p.Live));
        Assert.Equal(PauseTarget.Principal, Assert.Single((await list.ExecuteAsync(new PauseQuery(After: page.Next), tomas, Ct)).Value.Items).Subject.Target);
        await world.ResumeAsync(first.PauseId);
        var lifted = Assert.Single((await list.ExecuteAsync(new PauseQuery(Lifted: true), tomas, Ct)).Value.Items);
        Assert.Equal((first.PauseId, "Tomás Herrera", 0), (lifted.Id, lifted.LiftedBy, lifted.Live));
        Assert.Equal(RefusalCode.CursorUnreadable, (await list.ExecuteAsync(new PauseQuery(After: "x"), tomas, Ct)).Refusals[0].Code);
    }

    private static async Task<Result<PauseOutcome>> TryAsync(PortalWorld world, PauseInput input, TestPerson who) =>
        await world.Get<PauseAccess>().ExecuteAsync(input, await world.IdentifyAsync(who), Ct);

    private static async Task<(Guid, int)> TakenBackAsync(PortalWorld world)
    {
        var outcome = await world.PauseAsync(Everything with { TakeBack = true });
        return (outcome.PauseId, outcome.TakenBack);
    }

    private static Task<AccessPause> StandingAsync(PortalWorld world) => world.ReadAsync(db => db.AccessPauses.AsNoTracking().SingleAsync(p => p.LiftedAt == null));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
