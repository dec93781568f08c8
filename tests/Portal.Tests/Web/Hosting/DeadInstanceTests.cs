using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Core.Data;
using Portal.Tests.World;
using Portal.Web.Workers;
using Quartz;

namespace Portal.Tests.Web.Hosting;

/// <summary>Of several instances, one that dies in the middle of a periodic job while its clock is ahead.</summary>
public sealed class DeadInstanceTests
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_it_was_at_is_taken_over_by_another()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await MakeTablesAsync(world);
        await using (var db = world.OpenDb())
        {
            // As an instance leaves it that dies in the middle of a comparison, a year ahead of everybody.
            var ahead = (TimeProvider.System.GetUtcNow() + Year).UtcTicks;
            Assert.Equal(1, await db.Database.ExecuteSqlAsync($"UPDATE qrtz_triggers SET trigger_state = 'BLOCKED', next_fire_time = {ahead} WHERE trigger_name = 'reconcile-assignments'", Ct));
            await db.Database.ExecuteSqlAsync($"INSERT INTO qrtz_fired_triggers (sched_name, entry_id, trigger_name, trigger_group, instance_name, fired_time, sched_time, priority, state, job_name, job_group, is_nonconcurrent, requests_recovery) VALUES ('portal', 'dead-1', 'reconcile-assignments', 'DEFAULT', 'dead', {ahead}, {ahead}, 5, 'EXECUTING', 'reconcile-assignments', 'DEFAULT', TRUE, FALSE)", Ct);
            await HeardAsync(db, "dead", ahead);
        }

        await using var services = Jobs(world);
        var quartz = await services.GetRequiredKeyedService<ISchedulerFactory>(PeriodicJobs.Scheduler).GetScheduler(Ct);
        await quartz.Start(Ct);
        using var mend = Mend(world, TimeProvider.System);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        // It has been heard itself, and has looked who has not been.
        while (await CountAsync(world, "SELECT COUNT(*)::int AS \"Value\" FROM qrtz_scheduler_state") < 2)
            await tick.WaitForNextTickAsync(Ct);
        Assert.Equal(1, await mend.MendAsync(Ct));
        Assert.Equal(0, await mend.MendAsync(Ct));

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (await CountAsync(world, "SELECT COUNT(*)::int AS \"Value\" FROM qrtz_scheduler_state WHERE instance_name = 'dead'") > 0)
        {
            Assert.False(patience.IsCancellationRequested, "It is still taken for alive.");
            await tick.WaitForNextTickAsync(Ct);
        }

        Assert.Equal(0, await CountAsync(world, "SELECT COUNT(*)::int AS \"Value\" FROM qrtz_fired_triggers WHERE instance_name = 'dead'"));
        Assert.Equal(0, await CountAsync(world, "SELECT COUNT(*)::int AS \"Value\" FROM qrtz_triggers WHERE trigger_state = 'BLOCKED' AND trigger_name = 'reconcile-assignments'"));
        await quartz.Shutdown(waitForJobsToComplete: false, Ct);
    }

    [Theory]
    [InlineData(3600, 0, 0, true)]
    [InlineData(6, 0, 0, true)]
    [InlineData(4, 0, 0, false)]
    [InlineData(-3600, 0, 0, false)]
    // The database's clock is behind, or this machine's: who is heard in time is not.
    [InlineData(0, -3600, 0, false)]
    [InlineData(0, 0, -3600, false)]
    // Either is ahead itself.
    [InlineData(3700, 3600, 0, true)]
    [InlineData(3000, 0, 3600, false)]
    // This machine's is behind, and whoever it sets back by it would be missed by all others for an hour.
    [InlineData(10, 0, -3600, true)]
    public async Task Only_who_was_heard_later_than_now_by_both_clocks_is_set_back(int heard, int database, int machine, bool mended)
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await MakeTablesAsync(world);
        var now = world.Clock.GetUtcNow();
        world.DatabaseClock.Ahead = TimeSpan.FromSeconds(database);
        world.Machine.Ahead = TimeSpan.FromSeconds(machine);
        await using (var db = world.OpenDb())
        {
            await db.Database.ExecuteSqlAsync($"DELETE FROM qrtz_scheduler_state", Ct);
            await HeardAsync(db, "other", now.AddSeconds(heard).UtcTicks);
        }

        using var mend = Mend(world, world.Machine);
        Assert.Equal(mended ? 1 : 0, await mend.MendAsync(Ct));
        var said = await world.ReadAsync(db => db.Database.SqlQueryRaw<long>("SELECT last_checkin_time AS \"Value\" FROM qrtz_scheduler_state").SingleAsync(Ct));
        Assert.Equal(now.AddSeconds(mended ? Math.Max(machine, database) : heard).UtcTicks, said);
    }

    private static DeadInstances Mend(PortalWorld world, TimeProvider clock) =>
        new(world.Get<IDbContextFactory<PortalDb>>(), world.DatabaseClock, new ClockWatch(clock), clock, NullLogger<DeadInstances>.Instance);

    private static Task<int> CountAsync(PortalWorld world, string sql) => world.ReadAsync(db => db.Database.SqlQueryRaw<int>(sql).SingleAsync(Ct));

    private static Task<int> HeardAsync(PortalDb db, string instance, long ticks) =>
        db.Database.ExecuteSqlAsync($"INSERT INTO qrtz_scheduler_state (sched_name, instance_name, last_checkin_time, checkin_interval) VALUES ('portal', {instance}, {ticks}, 7500)", Ct);

    private static async Task MakeTablesAsync(PortalWorld world)
    {
        await using var services = Jobs(world);
        var quartz = await services.GetRequiredKeyedService<ISchedulerFactory>(PeriodicJobs.Scheduler).GetScheduler(Ct);
        await quartz.Start(Ct);
        await quartz.Shutdown(waitForJobsToComplete: true, Ct);
        await using var db = world.OpenDb();
        await db.Database.ExecuteSqlAsync($"DELETE FROM qrtz_scheduler_state", Ct);
        await db.Database.ExecuteSqlAsync($"DELETE FROM qrtz_fired_triggers", Ct);
    }

    private static ServiceProvider Jobs(PortalWorld world)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Portal"] = world.Database.ConnectionString, ["Database:Provider"] = "PostgreSql" });
        builder.Logging.ClearProviders();
        builder.AddPeriodicJobs();
        return builder.Services.BuildServiceProvider();
    }
}
