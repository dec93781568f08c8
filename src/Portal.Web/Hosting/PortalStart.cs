using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Web.Policies;

namespace Portal.Web.Hosting;

/// <summary>What has to be done once, before the first page and the first command: the schema, and the policies of the configuration. It goes on while the server starts to listen, so that <see cref="Operations.Alive"/> answers however long a migration takes; everything else waits for <see cref="Prepared"/>. When it fails, the host does not start.</summary>
/// <remarks>But for policies that a database which takes no writes does not take: access that was given before ends all the same, by way of the spool, so the portal starts, and <see cref="Workers.PolicyWorker"/> loads them later. A schema that it does not know is none that it could work by.</remarks>
public sealed partial class PortalStart(IServiceProvider services, IConfiguration configuration, IHostApplicationLifetime lifetime, PoliciesInForce policies, ILogger<PortalStart> logger) : IHostedLifecycleService
{
    // Those that were looked at before the start. The configuration goes on changing with its files, unchecked, while the database keeps them waiting.
    private readonly IReadOnlyList<PolicyDefinition> _policies = CheckedPolicies(configuration);
    private readonly TaskCompletionSource _prepared = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _preparing;

    /// <summary>Completes when it is done. When it cannot be done the portal ends, and this never completes.</summary>
    public Task Prepared => _prepared.Task;

    /// <summary>Begins.</summary>
    public void Begin() => _preparing ??= Task.Run(() => PrepareAsync(lifetime.ApplicationStopping));

    /// <inheritdoc />
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Begin();
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        await _preparing!;
        _prepared.SetResult();
    }

    /// <inheritdoc />
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task PrepareAsync(CancellationToken ct)
    {
        await PortalDatabase.MigrateAsync(services, ct);
        await TryLoadPoliciesAsync(ct);
    }

    private static IReadOnlyList<PolicyDefinition> CheckedPolicies(IConfiguration configuration)
    {
        var faults = new List<string>();
        var policies = ConfiguredPolicies.Read(configuration, faults);
        return faults.Count == 0 ? policies : throw new InvalidOperationException(string.Join(Environment.NewLine, faults));
    }

    /// <summary>Loads the policies that were configured at the start. What is wrong with them, or with the portal, is thrown.</summary>
    /// <returns>False when the database did not take them, and they wait.</returns>
    internal async Task<bool> TryLoadPoliciesAsync(CancellationToken ct)
    {
        try
        {
            await services.GetRequiredService<LoadPolicies>().ExecuteAsync(_policies, Actor.System, ct);
            policies.Loaded();
            return true;
        }
        catch (Exception fault) when (!ct.IsCancellationRequested && IsOfTheDatabase(fault))
        {
            policies.NotLoaded();
            LogNotLoaded(fault);
            return false;
        }
    }

    // A save says so itself; what opens it or commits it says it in the words of each database.
    private static bool IsOfTheDatabase(Exception fault) =>
        fault is DbUpdateException or DbException or TimeoutException or IOException || (fault.InnerException is { } inner && IsOfTheDatabase(inner));

    [LoggerMessage(LogLevel.Critical, "The database did not take the policies of the configuration. Nothing is given until it does, and what is due is taken back, by way of the spool if need be; it is tried again")]
    private partial void LogNotLoaded(Exception fault);
}

/// <summary>Runs a worker from when the portal is prepared until it stops. What breaks the worker breaks this, and the host hears of it.</summary>
/// <typeparam name="TWorker">The worker.</typeparam>
internal sealed class WhenPrepared<TWorker>(TWorker worker, PortalStart start) : BackgroundService
    where TWorker : BackgroundService
{
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // In this order: a worker that is about to start has started, or never does, before it is stopped.
        await base.StopAsync(cancellationToken);
        await worker.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await start.Prepared.WaitAsync(stoppingToken);
        await worker.StartAsync(stoppingToken);
        await worker.ExecuteTask!;
    }
}

/// <summary>Puts the preparation in its place.</summary>
public static class PortalStartSetup
{
    /// <summary>Registers it.</summary>
    public static IServiceCollection AddPortalStart(this IServiceCollection services) =>
        services.AddSingleton<PortalStart>().AddHostedService(provider => provider.GetRequiredService<PortalStart>());

    /// <summary>Registers a worker that begins when the portal is prepared.</summary>
    public static IServiceCollection AddWorker<TWorker>(this IServiceCollection services)
        where TWorker : BackgroundService =>
        services.AddSingleton<TWorker>().AddHostedService<WhenPrepared<TWorker>>();

    /// <summary>Begins with it, beside whatever else a start has to do.</summary>
    public static void Prepare(this WebApplication app) => app.Services.GetRequiredService<PortalStart>().Begin();

    /// <summary>Lets every request that comes earlier wait until the portal is prepared.</summary>
    public static void UsePreparation(this WebApplication app)
    {
        var start = app.Services.GetRequiredService<PortalStart>();
        app.Use(async (context, next) =>
        {
            if (!start.Prepared.IsCompleted)
                await start.Prepared.WaitAsync(context.RequestAborted);
            await next(context);
        });
    }
}
