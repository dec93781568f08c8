using Microsoft.Data.Sqlite;
using Npgsql;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants.Pauses;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Web.Hosting;
using Quartz;

namespace Portal.Web.Workers;

/// <summary>What happens every so often, on Quartz's persistent store: with several instances on PostgreSQL, one of them does it.</summary>
public static class PeriodicJobs
{
    /// <summary>The name under which Quartz keeps its rows and its services.</summary>
    public const string Scheduler = "portal";

    private static readonly TimeSpan SyncEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LapseEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PruneEvery = TimeSpan.FromHours(1);
    private static readonly TimeSpan UpholdEvery = TimeSpan.FromSeconds(5);

    /// <summary>Registers the jobs.</summary>
    public static void AddPeriodicJobs(this WebApplicationBuilder builder)
    {
        var connectionString = PortalDatabase.ConnectionStringOf(builder.Configuration);
        var clustered = builder.Configuration[PortalDatabase.ProviderKey] == "PostgreSql";
        builder.Services.AddQuartz(Scheduler, quartz =>
        {
            quartz.UsePersistentStore(store =>
            {
                if (clustered)
                {
                    store.UsePostgres(NpgsqlFactory.Instance, Standstill.EndedBy(connectionString));
                    store.UseClustering();
                }
                else
                {
                    // SQLite serves one instance: there is nothing to cluster.
                    store.UseSqlite(SqliteFactory.Instance, connectionString);
                }

                store.ProvisionSchema();
                store.ConfigureStore(options =>
                {
                    // A thread of Quartz's that waits for a database must not keep the process alive.
                    options.UseBackgroundThreads = true;
                    options.DbRetryInterval = TimeSpan.FromSeconds(3);
                });
            });
            quartz.ScheduleJob<SyncCatalogJob>(trigger => trigger.WithIdentity("sync-catalog").StartNow().WithSimpleSchedule(s => s.WithInterval(SyncEvery).RepeatForever()));
            quartz.ScheduleJob<ReconcileAssignmentsJob>(trigger => trigger.WithIdentity("reconcile-assignments").StartNow().WithSimpleSchedule(s => s.WithInterval(ReconcileEvery).RepeatForever()), job => job.WithIdentity(ReconcileAssignmentsJob.Key));
            quartz.ScheduleJob<UpholdPausesJob>(trigger => trigger.WithIdentity("uphold-pauses").StartNow().WithSimpleSchedule(s => s.WithInterval(UpholdEvery).RepeatForever()));
            quartz.ScheduleJob<LookAgainJob>(trigger => trigger.WithIdentity("look-again").StartNow().WithSimpleSchedule(s => s.WithInterval(ReconcileEvery).RepeatForever()));
            quartz.ScheduleJob<LapseRequestsJob>(trigger => trigger.WithIdentity("lapse-requests").StartNow().WithSimpleSchedule(s => s.WithInterval(LapseEvery).RepeatForever()));
            quartz.ScheduleJob<PruneAuditEventsJob>(trigger => trigger.WithIdentity("prune-audit-events").StartNow().WithSimpleSchedule(s => s.WithInterval(PruneEvery).RepeatForever()));
        });
        builder.Services.AddWorker<PeriodicScheduler>();
        if (clustered)
            builder.Services.AddWorker<DeadInstances>();
    }
}

/// <summary>Brings the catalog up to what exists.</summary>
[DisallowConcurrentExecution]
public sealed partial class SyncCatalogJob(SyncCatalog sync, ILogger<SyncCatalogJob> logger) : IJob
{
    /// <inheritdoc />
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var found = (await sync.ExecuteAsync(Actor.System, cancellationToken)).Value;
            LogSynced(found.Vaults, found.Secrets, found.Unlisted);
            // What was given there in an earlier life of the portal must not wait five minutes, nor an operator see that nothing was looked at.
            if (found.NewVaults > 0)
                await context.Scheduler.TriggerJob(ReconcileAssignmentsJob.Key, cancellationToken);
        }
        catch (CloudCallException fault)
        {
            LogNotSynced(fault, fault.Code);
        }
    }

    [LoggerMessage(LogLevel.Information, "Catalog: {Vaults} vaults, {Secrets} secrets, {Unlisted} vaults whose secrets could not be listed")]
    private partial void LogSynced(int vaults, int secrets, int unlisted);

    [LoggerMessage(LogLevel.Error, "The catalog could not be synced ({Code}); what was known stays, and the next turn tries again")]
    private partial void LogNotSynced(Exception fault, string code);
}

/// <summary>Compares what should be in the cloud with what is.</summary>
[DisallowConcurrentExecution]
public sealed partial class ReconcileAssignmentsJob(ReconcileAssignments reconcile, ILogger<ReconcileAssignmentsJob> logger) : IJob
{
    /// <summary>Its name, by which others ask for it.</summary>
    public static readonly JobKey Key = new("reconcile-assignments");

    /// <inheritdoc />
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var outcome = (await reconcile.ExecuteAsync(Actor.System, cancellationToken)).Value;
        LogReconciled(outcome.Vaults, outcome.Failures.Count, outcome.Missing, outcome.Unexpected, outcome.Altered, outcome.Resolved);
    }

    [LoggerMessage(LogLevel.Information, "Reconciliation: {Vaults} vaults, {Failed} not to the end; new: {Missing} missing, {Unexpected} unexpected, {Altered} altered; {Resolved} resolved")]
    private partial void LogReconciled(int vaults, int failed, int missing, int unexpected, int altered, int resolved);
}

/// <summary>Lets requests lapse that nobody decided.</summary>
[DisallowConcurrentExecution]
public sealed class LapseRequestsJob(LapseRequests lapse) : IJob
{
    /// <inheritdoc />
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        // A hundred at a time, until none is left.
        while ((await lapse.ExecuteAsync(Actor.System, cancellationToken)).Value > 0)
        {
        }
    }
}

/// <summary>Finishes what pauses ask for, should the instance that began it have died.</summary>
[DisallowConcurrentExecution]
public sealed class UpholdPausesJob(UpholdPauses uphold) : IJob
{
    /// <inheritdoc />
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await uphold.ExecuteAsync(Actor.System, cancellationToken);
}
