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

/// <summary>The process that is killed: the grant engine as it runs in production, on the real SDKs and a real database, without the web pages.</summary>
/// <remarks>It reads its settings from its standard input, a line each, up to an empty one; says <c>ready</c>; takes orders for <see cref="Failpoint"/> from then on; and ends when its standard input does, so that none outlives the harness.</remarks>
internal static class WorkerProcess
{
    /// <summary>The first argument of a process that is one.</summary>
    public const string Name = "worker";

    public static async Task<int> RunAsync()
    {
        // Whoever starts it may not need it yet: what can be made ready without settings is.
        var settings = await ReadSettingsAsync();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.Configuration.AddInMemoryCollection(settings);
        var log = new FileLog(Needed(settings, WorkerSettings.Log));
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Warning);

        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(SandboxDoor.Of(Needed(settings, WorkerSettings.RootCertificate), int.Parse(Needed(settings, WorkerSettings.CloudPort), CultureInfo.InvariantCulture)));
        services.AddSingleton(new GrantPace { Lease = Span(settings, WorkerSettings.Lease), LookEvery = Span(settings, WorkerSettings.LookEvery) });
        services.AddPortalDb((provider, options) => _ = Needed(settings, WorkerSettings.Database) switch
        {
            WorkerSettings.Sqlite => options.UsePortalSqlite(Needed(settings, WorkerSettings.ConnectionString)),
            WorkerSettings.PostgreSql => options.UsePortalPostgreSql(Needed(settings, WorkerSettings.ConnectionString)),
            var other => throw new InvalidOperationException($"No database {other}."),
        });
        services.AddSingleton<IDueWork>(Needed(settings, WorkerSettings.Database) == WorkerSettings.Sqlite ? new SqliteDueWork() : new PostgreSqlDueWork());
        services.AddSingleton(provider => (IDatabaseClock)provider.GetRequiredService<IDueWork>());
        services.AddSingleton<IAuditReading>(Needed(settings, WorkerSettings.Database) == WorkerSettings.Sqlite ? new SqliteAuditReading() : new PostgreSqlAuditReading());
        // As in production, a SQLite file belongs to one process at a time.
        using var hold = settings[WorkerSettings.Database] == WorkerSettings.Sqlite ? SqliteHold.Take(Needed(settings, WorkerSettings.ConnectionString)) : null;
        services.AddPortalCore();
        services.AddPortalAzure(builder.Configuration);
        services.AddHostedService<GrantWorker>();

        using var host = builder.Build();
        var failpoint = new Failpoint(host.Services.GetRequiredService<DriveSteps>());
        if (settings.GetValueOrDefault(WorkerSettings.Failpoint) is { } order)
            failpoint.Arm(order);
        await host.StartAsync();
        await using var pulse = settings.ContainsKey(WorkerSettings.Pulse) ? new Pulse((due, came) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"late {due.ToUnixTimeMilliseconds()} {came.ToUnixTimeMilliseconds()}"))) : null;
        await Console.Out.WriteLineAsync("ready");
        await Console.Out.FlushAsync();
        while (await Console.In.ReadLineAsync() is { } later)
            failpoint.Arm(later);

        await host.StopAsync();
        return 0;
    }

    private static async Task<Dictionary<string, string?>> ReadSettingsAsync()
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        while (await Console.In.ReadLineAsync() is { Length: > 0 } line)
        {
            var at = line.IndexOf('=', StringComparison.Ordinal);
            settings[line[..at]] = line[(at + 1)..];
        }

        return settings;
    }

    private static string Needed(Dictionary<string, string?> settings, string key) => settings.GetValueOrDefault(key) ?? throw new InvalidOperationException($"The worker was not told {key}.");

    private static TimeSpan Span(Dictionary<string, string?> settings, string key) => TimeSpan.Parse(Needed(settings, key), CultureInfo.InvariantCulture);
}

/// <summary>The keys of what a worker process is told; the others are the portal's own configuration.</summary>
internal static class WorkerSettings
{
    public const string Database = "Worker:Database";
    public const string ConnectionString = "Worker:ConnectionString";
    public const string RootCertificate = "Worker:RootCertificate";
    public const string CloudPort = "Worker:CloudPort";
    public const string Lease = "Worker:Lease";
    public const string LookEvery = "Worker:LookEvery";
    public const string Log = "Worker:Log";
    public const string Failpoint = "Worker:Failpoint";

    /// <summary>There when the worker is to say <c>late</c> and two instants (Unix milliseconds) whenever the machine had no time for it.</summary>
    public const string Pulse = "Worker:Pulse";

    public const string Sqlite = "sqlite";
    public const string PostgreSql = "postgres";
}
