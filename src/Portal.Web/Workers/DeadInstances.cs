using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Web.Workers;

/// <summary>Has an instance found dead that died while its machine's clock was far ahead. Quartz keeps when each instance was last heard, by that instance's own clock, and waits until that time comes round: until then, nobody takes over the job in whose middle it died.</summary>
public sealed partial class DeadInstances(IDbContextFactory<PortalDb> databases, IDatabaseClock databaseClock, ClockWatch clocks, TimeProvider clock, ILogger<DeadInstances> logger) : BackgroundService
{
    /// <summary>Sets back to now whoever was heard later than now, by the database's clock and by this machine's. Whoever is dead is missed some fifteen seconds later; whoever lives is heard again before that.</summary>
    /// <remarks>By both: if only one of them were asked and it was behind, it would have every other instance taken for dead.</remarks>
    /// <returns>How many were.</returns>
    public async Task<int> MendAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var database = await clocks.AskAsync(databaseClock, db, ct);
        var here = clock.GetUtcNow();
        // Quartz judges by its machine's clock, in ticks. By this one's alone, if it was behind, the others would take a living instance for dead.
        var now = database > here ? database : here;
        var latest = (now + ClockWatch.Tolerance).UtcTicks;
        return await db.Database.ExecuteSqlAsync($"UPDATE qrtz_scheduler_state SET last_checkin_time = {now.UtcTicks} WHERE sched_name = {PeriodicJobs.Scheduler} AND last_checkin_time > {latest}", ct);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(PeriodicScheduler.MendEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
                return;
            try
            {
                if (await MendAsync(stoppingToken) is > 0 and var count)
                    LogMended(count);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                LogNotMended(fault, PeriodicScheduler.MendEvery);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Count} instances were last heard at a time that has not come, by clocks that are or were ahead; if they are dead, what they were at is taken over")]
    private partial void LogMended(int count);

    [LoggerMessage(LogLevel.Warning, "It could not be looked when the other instances were last heard; looking again in {Wait}")]
    private partial void LogNotMended(Exception fault, TimeSpan wait);
}
