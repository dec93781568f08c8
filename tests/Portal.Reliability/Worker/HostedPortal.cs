using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Azure;
using Portal.Core;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Web.Workers;

namespace Portal.Reliability.Worker;

/// <summary>The grant engine of one portal as it runs in production, on the real SDKs and a real database, without the web pages.</summary>
internal sealed class HostedPortal : IDisposable
{
    private readonly IDisposable? _hold;
    private readonly IHost _host;

    /// <param name="settings">What <see cref="WorkerSettings"/> names, and the portal's own configuration.</param>
    public HostedPortal(Dictionary<string, string?> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.AddProvider(new FileLog(Needed(settings, WorkerSettings.Log))).SetMinimumLevel(LogLevel.Warning);

        var (database, connection) = (Needed(settings, WorkerSettings.Database), Needed(settings, WorkerSettings.ConnectionString));
        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(SandboxDoor.Of(Needed(settings, WorkerSettings.RootCertificate), int.Parse(Needed(settings, WorkerSettings.CloudPort), CultureInfo.InvariantCulture)));
        services.AddSingleton(new GrantPace { Lease = Span(settings, WorkerSettings.Lease), LookEvery = Span(settings, WorkerSettings.LookEvery) });
        services.AddPortalDb((provider, options) => _ = database switch
        {
            WorkerSettings.Sqlite => options.UsePortalSqlite(connection),
            WorkerSettings.PostgreSql => options.UsePortalPostgreSql(connection),
            var other => throw new InvalidOperationException($"No database {other}."),
        });
        services.AddSingleton<IDueWork>(database == WorkerSettings.Sqlite ? new SqliteDueWork() : new PostgreSqlDueWork());
        services.AddSingleton(provider => (IDatabaseClock)provider.GetRequiredService<IDueWork>());
        services.AddSingleton<IAuditReading>(database == WorkerSettings.Sqlite ? new SqliteAuditReading() : new PostgreSqlAuditReading());
        // As in production, a SQLite file belongs to one process at a time.
        _hold = database == WorkerSettings.Sqlite ? SqliteHold.Take(connection) : null;
        services.AddPortalCore();
        services.AddPortalAzure(builder.Configuration);
        services.AddHostedService<GrantWorker>();
        _host = builder.Build();
    }

    /// <summary>Where the engine says what step it has come to.</summary>
    public DriveSteps Steps => _host.Services.GetRequiredService<DriveSteps>();

    /// <summary>Begins to look for work.</summary>
    public Task StartAsync() => _host.StartAsync();

    /// <summary>Ends as a portal does that is told to.</summary>
    public Task StopAsync() => _host.StopAsync();

    public void Dispose()
    {
        _host.Dispose();
        _hold?.Dispose();
    }

    private static string Needed(Dictionary<string, string?> settings, string key) => settings.GetValueOrDefault(key) ?? throw new InvalidOperationException($"The worker was not told {key}.");

    private static TimeSpan Span(Dictionary<string, string?> settings, string key) => TimeSpan.Parse(Needed(settings, key), CultureInfo.InvariantCulture);
}
