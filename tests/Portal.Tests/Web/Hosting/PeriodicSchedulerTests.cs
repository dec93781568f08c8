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
            while (!scheduler.ExecuteTask.IsCompleted)
            {
                clock.Advance(PeriodicScheduler.AfterFault);
                await Task.WhenAny(scheduler.ExecuteTask, Task.Delay(20, Ct));
            }

            await scheduler.ExecuteTask;
            Assert.Equal(SchedulerStatus.Running, (await factory.GetScheduler(Ct)).Status);
        }
        finally
        {
            await scheduler.StopAsync(Ct);
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
    }
}
