using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>The database can be read and takes no writes: nothing new is given, what is due to end ends, and the record follows.</summary>
public sealed class OutageTests
{
    public enum Outage
    {
        NoWrites,
        NoAuditEvents,
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases(Outage.NoWrites, Outage.NoAuditEvents)]
    public async Task A_revocation_that_is_due_goes_out_within_a_minute_and_is_entered_once_afterwards(DatabaseKind kind, Outage outage)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var expiring = await world.PromiseAsync();
        var coming = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, start: PortalWorld.Start.AddMinutes(30)));
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
        Refuse(world, outage);

        world.Clock.Advance(TimeSpan.FromMinutes(30));
        var removedAt = await EndureAsync(world, () => world.Cloud.Standing.Count == 0);
        Assert.InRange(removedAt - expiring.EndsAt, TimeSpan.Zero, TimeSpan.FromSeconds(60));
        await EndureAsync(world, TimeSpan.FromMinutes(2));
        Assert.Single(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);
        Assert.Single(world.Cloud.Calls, c => c.Verb == CloudVerb.Put);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(expiring.RequestId)).State);

        world.DatabaseFaults.Break = null;
        Assert.Equal(1, await EnterAsync(world));
        Assert.Equal(0, await EnterAsync(world));
        var ended = await world.GrantOfAsync(expiring.RequestId);
        Assert.Equal((GrantState.Ended, GrantEnding.Expired, removedAt), (ended.State, ended.Ending, ended.EndedAt!.Value));
        await world.PassAsync(TimeSpan.FromMinutes(5));
        var codes = await world.CodesAsync(expiring.RequestId);
        Assert.Equal(["grant.removed_in_outage", "grant.revoking", "grant.ended"], codes.Except(["request.submitted", "request.approved", "grant.scheduled", "grant.provisioning", "grant.activated"]));
        Assert.Equal(removedAt, Assert.Single(await world.EventsAsync(expiring.RequestId), e => e.Code == "grant.removed_in_outage").At);
        Assert.NotNull((await world.GrantOfAsync(expiring.RequestId)).GoneSeenAt);

        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(coming.RequestId)).State);
        Assert.DoesNotContain(Directory.EnumerateFiles(world.Spool.Directory!), f => new FileInfo(f).Length > 0);
    }

    [Theory, BothDatabases]
    public async Task A_removal_that_is_entered_after_another_instance_has_given_again_is_not_taken_for_the_latest_word(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        await world.WorkAsync();
        Refuse(world, Outage.NoWrites);
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        await EndureAsync(world, () => world.Cloud.Standing.Count == 0);
        world.DatabaseFaults.Break = null;

        // Its database is there for another instance, which knows nothing of that yet.
        var cutOff = world.Acting;
        world.ActAs(world.AddInstance());
        await world.PassAsync(TimeSpan.FromMinutes(1));
        var again = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 5));
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
        world.Clock.Advance(TimeSpan.FromMinutes(6));
        world.ActAs(cutOff);
        await EnterAsync(world);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(again.RequestId)).State);
    }

    [Fact]
    public async Task A_grant_that_a_pause_holds_keeps_nothing_standing_in_an_outage()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        var held = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240, start: PortalWorld.Start.AddMinutes(10)));
        await world.PauseAsync(new PauseInput(PauseTarget.Everything, null, null, "Incident", false));
        await world.PassAsync(TimeSpan.FromMinutes(10));
        Assert.NotNull((await world.GrantOfAsync(held.RequestId)).PauseId);
        Refuse(world, Outage.NoWrites);
        world.Clock.Advance(TimeSpan.FromMinutes(20));
        await EndureAsync(world, TimeSpan.FromMinutes(1));
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases(GrantProvider.GroupMembership, GrantProvider.PimSchedule)]
    public async Task A_membership_or_a_schedule_that_is_due_goes_out_in_an_outage_too_and_is_entered_once(DatabaseKind kind, GrantProvider provider)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var readers = new PolicyGroup(new("61a0c001-0000-4000-8000-000000000009"), "payments-secret-readers");
        var payments = Company.Policies[0] with { Provider = provider };
        if (provider == GrantProvider.GroupMembership)
            payments = payments with { Roles = [GrantableRole.SecretsUser.Name], Secrets = [], ProviderGroup = readers };
        await world.LoadPoliciesAsync([payments, .. Company.Policies.Skip(1)]);
        world.Cloud.HoldByAnother(Company.PaymentsVault, readers.Id, GrantableRole.SecretsUser.DefinitionId);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(Company.PaymentsVault));
        await world.WorkAsync();
        bool IsGiven() => provider == GrantProvider.GroupMembership ? world.Memberships.Has(readers.Id, Company.Mira.ObjectId) : world.Schedules.Standing.Any();
        Assert.True(IsGiven());

        world.DatabaseFaults.RefuseWrites();
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        var removedAt = await EndureAsync(world, () => !IsGiven());
        Assert.InRange(removedAt - grant.EndsAt, TimeSpan.Zero, TimeSpan.FromSeconds(60));
        await EndureAsync(world, TimeSpan.FromMinutes(2));

        world.DatabaseFaults.Break = null;
        await EnterAsync(world);
        Assert.Equal(0, await EnterAsync(world));
        await world.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Equal((GrantState.Ended, GrantEnding.Expired), (await world.GrantOfAsync(grant.RequestId)) is var ended ? (ended.State, ended.Ending) : default);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.ended");
        Assert.False(IsGiven());
        Assert.DoesNotContain(Directory.EnumerateFiles(world.Spool.Directory!), f => new FileInfo(f).Length > 0);
    }

    [Theory, BothDatabases]
    public async Task A_database_that_really_went_read_only_holds_up_no_revocation(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        await using (await RealOutage.BeginAsync(world.Database))
        {
            world.Clock.Advance(TimeSpan.FromMinutes(30));
            var removedAt = await EndureAsync(world, () => world.Cloud.Standing.Count == 0);
            Assert.InRange(removedAt - promised.EndsAt, TimeSpan.Zero, TimeSpan.FromSeconds(60));
            Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        }

        Assert.Equal(1, await EnterAsync(world));
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.ended");
    }

    [Theory, BothDatabases]
    public async Task While_the_database_takes_writes_the_spool_stays_empty_however_late_the_workers_are(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(0, await RevokeAsync(world));
        Assert.Single(world.Cloud.Standing);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.revoking");
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.ended");
        Assert.Equal(0, await EnterAsync(world));
    }

    [Fact]
    public async Task A_clock_of_this_machine_that_runs_a_day_ahead_ends_nothing_early()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
        world.Clock.Advance(TimeSpan.FromHours(24));
        world.DatabaseClock.Ahead = TimeSpan.FromHours(-24);
        using var fresh = new RevocationSpool(world.Spool);
        var ahead = new RevokeInOutage(world.Get<IDbContextFactory<Core.Data.PortalDb>>(), world.Get<GrantProviders>(), fresh, new DriveSteps(), world.DatabaseClock, new Core.Data.ClockWatch(world.Clock), Microsoft.Extensions.Logging.Abstractions.NullLogger<RevokeInOutage>.Instance);
        Assert.Equal(0, (await ahead.ExecuteAsync(Actor.System, Ct)).Value);
        world.DatabaseFaults.RefuseWrites();
        Assert.Equal(0, (await ahead.ExecuteAsync(Actor.System, Ct)).Value);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Single(world.Cloud.Standing);
    }

    [Fact]
    public async Task Whoever_still_needs_the_role_keeps_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120));
        await world.WorkAsync();
        world.DatabaseFaults.RefuseWrites();
        world.Clock.Advance(TimeSpan.FromMinutes(40));
        await EndureAsync(world, TimeSpan.FromMinutes(2));
        Assert.Single(world.Cloud.Standing);
        Assert.DoesNotContain(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);
    }

    [Theory, BothDatabases(DriveStep.SpoolAnnounced, DriveStep.SpoolCalled)]
    public async Task A_process_that_dies_in_the_outage_loses_nothing(DatabaseKind kind, DriveStep where)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseFaults.RefuseWrites();
        world.Clock.Advance(TimeSpan.FromMinutes(31));
        world.Get<DriveSteps>().Reached += reached =>
        {
            if (reached.Step == where)
                throw new InvalidOperationException("The process is gone.");
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => RevokeAsync(world));

        // The file of the dead process is what is left.
        world.Get<RevocationSpool>().Dispose();
        world.DatabaseFaults.Break = null;
        using var next = new RevocationSpool(world.Spool);
        var enter = new EnterSpooledRevocations(world.Get<IDbContextFactory<Core.Data.PortalDb>>(), next, world.Get<Core.Data.ClockWatch>(), world.Get<Core.Data.ChangeFeed>());
        Assert.Equal(1, (await enter.ExecuteAsync(Actor.System, Ct)).Value);
        var noted = Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.removed_in_outage");
        Assert.Equal((Core.Audit.AuditOutcome.Failed, "OutcomeUnknown"), (noted.Outcome, noted.Reason));
        Assert.Empty(Directory.EnumerateFiles(world.Spool.Directory!));

        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.ended");
    }

    [Fact]
    public async Task What_was_entered_before_the_process_died_is_not_entered_again()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseFaults.RefuseWrites();
        world.Clock.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal(1, await RevokeAsync(world));
        world.Get<RevocationSpool>().Dispose();
        var file = Assert.Single(Directory.EnumerateFiles(world.Spool.Directory!));
        var kept = File.ReadAllBytes(file);
        Assert.Equal(2, kept.Count(b => b == '\n'));
        world.DatabaseFaults.Break = null;
        Assert.Equal(1, await EnterAsync(world));

        // As if it had died before it cleared the spool; and in the middle of one more line.
        File.WriteAllBytes(Path.Combine(world.Spool.Directory!, "revocations-left.jsonl"), [.. kept, .. "{\"id\":\""u8]);
        Assert.Equal(0, await EnterAsync(world));
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.removed_in_outage");
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.ended");
        Assert.False(File.Exists(Path.Combine(world.Spool.Directory!, "revocations-left.jsonl")));
    }

    [Fact]
    public async Task A_line_that_cannot_be_read_is_kept_for_a_person()
    {
        await using var world = await PortalWorld.OpenAsync();
        Directory.CreateDirectory(world.Spool.Directory!);
        File.WriteAllText(Path.Combine(world.Spool.Directory!, "revocations-left.jsonl"), "not a line of ours\n");
        Assert.Equal(0, await EnterAsync(world));
        Assert.True(File.Exists(Path.Combine(world.Spool.Directory!, "revocations-left.jsonl.unreadable")));
    }

    [Theory, BothDatabases]
    public async Task A_removal_that_a_restored_database_knows_nothing_of_is_recorded_and_holds_up_no_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        var (announced, lost) = (Guid.CreateVersion7(), new SpoolLine(Guid.CreateVersion7(), SpoolLineKind.Announced, Guid.NewGuid(), [Guid.NewGuid()], PortalWorld.Start));
        var known = new SpoolLine(announced, SpoolLineKind.Announced, promised.AssignmentId, [promised.Id], promised.EndsAt);
        Directory.CreateDirectory(world.Spool.Directory!);
        File.WriteAllLines(Path.Combine(world.Spool.Directory!, "revocations-left.jsonl"), new[] { lost, lost with { Kind = SpoolLineKind.Removed }, known, known with { Kind = SpoolLineKind.Removed } }.Select(line => JsonSerializer.Serialize(line, JsonSerializerOptions.Web)));
        world.Clock.Advance(TimeSpan.FromMinutes(31));

        Assert.Equal(2, await EnterAsync(world));
        Assert.Equal(0, await EnterAsync(world));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        var unknown = Assert.Single(await world.EventsAsync(), e => e.Code == "grant.removed_in_outage" && e.Reason == "UnknownAssignment");
        Assert.Equal((lost.Id, lost.GrantIds[0]), (unknown.EventId, unknown.GrantId));
        Assert.Contains(lost.AssignmentId.ToString(), unknown.Comment, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(world.Spool.Directory!, "revocations-left*"));
    }

    [Fact]
    public async Task Without_a_place_for_the_announcement_there_is_no_call()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseFaults.RefuseWrites();
        // A file stands where the directory should be.
        File.WriteAllText(world.Spool.Directory!, "");
        world.Clock.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal(0, await RevokeAsync(world));
        Assert.Single(world.Cloud.Calls);
        File.Delete(world.Spool.Directory!);
        Assert.Equal(1, await RevokeAsync(world));
    }

    [Fact]
    public async Task When_not_even_reads_come_through_nothing_is_called_and_nothing_is_lost()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseFaults.Break = _ => new IOException("The disk is gone.");
        world.Clock.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal(0, await RevokeAsync(world));
        Assert.Single(world.Cloud.Calls);
        world.DatabaseFaults.Break = null;
        await world.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(world.Cloud.Standing);
    }

    [Fact]
    public async Task A_call_that_fails_in_the_outage_is_tried_again_ever_more_slowly_and_each_try_is_entered()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseFaults.RefuseWrites();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Delete ? new CloudCallException("ScopeLocked", "Locked.", 409, isTransient: false) : null;
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        await EndureAsync(world, TimeSpan.FromMinutes(10));
        var tries = world.Cloud.Calls.Count(c => c.Verb == CloudVerb.Delete);
        Assert.InRange(tries, 3, 12);
        world.Cloud.FailBefore = null;
        await EndureAsync(world, TimeSpan.FromMinutes(15));
        Assert.Empty(world.Cloud.Standing);

        world.DatabaseFaults.Break = null;
        Assert.Equal(tries + 1, await EnterAsync(world));
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Equal(tries + 1, (await world.CodesAsync(promised.RequestId)).Count(c => c == "grant.removed_in_outage"));
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.ended");
    }

    private static void Refuse(PortalWorld world, Outage outage)
    {
        if (outage == Outage.NoWrites)
            world.DatabaseFaults.RefuseWrites();
        else
            world.DatabaseFaults.RefuseAuditEvents();
    }

    private static async Task<int> RevokeAsync(PortalWorld world) => (await world.Get<RevokeInOutage>().ExecuteAsync(Actor.System, Ct)).Value;

    private static async Task<int> EnterAsync(PortalWorld world) => (await world.Get<EnterSpooledRevocations>().ExecuteAsync(Actor.System, Ct)).Value;

    private static async Task EndureAsync(PortalWorld world, TimeSpan time)
    {
        var until = world.Clock.GetUtcNow() + time;
        await EndureAsync(world, () => world.Clock.GetUtcNow() >= until);
    }

    /// <summary>Both workers go on as they do, second by second; what the database refuses them is theirs to bear.</summary>
    private static async Task<DateTimeOffset> EndureAsync(PortalWorld world, Func<bool> done)
    {
        for (var second = 0; !done(); second++)
        {
            Assert.True(second < 3600, "It does not come to an end.");
            try
            {
                await world.WorkAsync();
            }
            catch (Exception refused) when (refused is IOException or DbUpdateException or System.Data.Common.DbException or InvalidOperationException { InnerException: not null })
            {
                // As the grant worker: it looks again.
            }

            if (second % 5 == 0)
            {
                await TryToEnterAsync(world);
                await RevokeAsync(world);
            }

            if (!done())
                world.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        return world.Clock.GetUtcNow();
    }

    private static async Task TryToEnterAsync(PortalWorld world)
    {
        var waiting = world.Get<RevocationSpool>().HasOwn;
        try
        {
            await EnterAsync(world);
            Assert.False(waiting, "It was entered although the database takes no writes.");
        }
        catch (Exception refused) when (refused is IOException or DbUpdateException or System.Data.Common.DbException or InvalidOperationException { InnerException: not null })
        {
            // It stays in the spool.
        }
    }
}
