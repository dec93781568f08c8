using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Web.Workers;
using Quartz;

namespace Portal.Tests.Web.Hosting;

public sealed class PeriodicSchedulerTests
{
    // A minute, of which each try waits a fiftieth of a second.
    private const int MostTries = 3000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_database_that_is_away_when_the_jobs_are_to_begin_ends_nothing_and_they_begin_when_it_is_back()
    {
        var directory = Path.Combine(Path.GetTempPath(), $"portal-{Guid.NewGuid():N}");
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Portal"] = $"Data Source={Path.Combine(directory, "portal.db")};Pooling=False" });
        builder.Logging.ClearProviders();
        builder.AddPeriodicJobs();
        await using var services = builder.Services.BuildServiceProvider();
        var clock = new FakeTimeProvider();
        var factory = services.GetRequiredKeyedService<ISchedulerFactory>(PeriodicJobs.Scheduler);
        using var scheduler = new PeriodicScheduler(factory, clock, NullLogger<PeriodicScheduler>.Instance);
        try
        {
            await scheduler.StartAsync(Ct);
            Assert.False(scheduler.ExecuteTask!.IsFaulted);
            Directory.CreateDirectory(directory);
            for (var tries = 0; !await RunsAsync(factory); tries++)
            {
                Assert.True(tries < MostTries);
                Assert.False(scheduler.ExecuteTask.IsCompleted);
                clock.Advance(PeriodicScheduler.AfterFault);
                await Task.Delay(20, Ct);
            }
        }
        finally
        {
            await scheduler.StopAsync(Ct);
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task What_waits_for_a_time_that_a_clock_was_ahead_by_goes_on_when_the_clock_is_right()
    {
        var directory = Directory.CreateTempSubdirectory("portal-");
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Portal"] = $"Data Source={Path.Combine(directory.FullName, "portal.db")};Pooling=False" });
        builder.Logging.ClearProviders();
        builder.AddPeriodicJobs();
        await using var services = builder.Services.BuildServiceProvider();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var factory = services.GetRequiredKeyedService<ISchedulerFactory>(PeriodicJobs.Scheduler);
        using var scheduler = new PeriodicScheduler(factory, clock, NullLogger<PeriodicScheduler>.Instance);
        try
        {
            await scheduler.StartAsync(Ct);
            for (var tries = 0; !await RunsAsync(factory); tries++)
            {
                Assert.True(tries < MostTries);
                await Task.Delay(20, Ct);
            }

            var quartz = await factory.GetScheduler(Ct);
            var keys = await quartz.GetTriggerKeys(GroupMatcher<TriggerKey>.AnyGroup(), Ct);
            Assert.NotEmpty(keys);
            foreach (var key in keys)
                // As a turn leaves it that comes while the machine's clock is a year ahead.
                await quartz.RescheduleJob(key, (await quartz.GetTrigger(key, Ct))!.GetTriggerBuilder().StartAt(clock.GetUtcNow().AddYears(1)).Build(), Ct);
            foreach (var key in keys)
                Assert.True((await quartz.GetTrigger(key, Ct))!.NextFireTimeUtc > clock.GetUtcNow().AddDays(300));

            foreach (var key in keys)
                for (var tries = 0; (await quartz.GetTrigger(key, Ct))!.NextFireTimeUtc > clock.GetUtcNow().AddHours(3); tries++)
                {
                    Assert.True(tries < MostTries, $"{key.Name} still waits.");
                    clock.Advance(PeriodicScheduler.MendEvery / 60);
                    await Task.Delay(20, Ct);
                }
        }
        finally
        {
            await scheduler.StopAsync(Ct);
            directory.Delete(recursive: true);
        }
    }

    private static async Task<bool> RunsAsync(ISchedulerFactory factory) => (await factory.GetAllSchedulers(Ct)).Any(s => s.Status == SchedulerStatus.Running);
}
