using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Azure;
using Portal.Core;
using Portal.Core.Audit.Exports;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Identity;
using Portal.Migrations.Sqlite;
using Portal.Sandbox;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;
using Portal.Web.Workers;
using ArmScope = Portal.Sandbox.ResourceManager.ArmScope;

namespace Portal.Benchmarks.Engine;

/// <summary>The grant engine as it runs in production, without pages: the worker, the real SDKs, SQLite on the disk, and a sandbox in this process.</summary>
internal sealed class EngineStage : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
    private readonly List<VaultResource> _vaults = [];
    private readonly ConcurrentDictionary<Guid, long> _removed = new();
    private int _seeded;
    private IHost? _host;

    /// <summary>The cloud.</summary>
    public SandboxHost Sandbox { get; private set; } = null!;

    /// <summary>The running worker's parts.</summary>
    public IServiceProvider Services => _host!.Services;

    private string ConnectionString => $"Data Source={Path.Combine(_directory, "portal.db")}";

    /// <summary>Starts the cloud with some subscriptions of a vault each, and makes the database.</summary>
    public static async Task<EngineStage> OpenAsync(int subscriptions)
    {
        var stage = new EngineStage();
        stage.Sandbox = await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = Path.Combine(stage._directory, "sandbox") }, CancellationToken.None);
        var resources = stage.Sandbox.Control.Resources;
        for (var n = 0; n < subscriptions; n++)
        {
            var id = new Guid($"be9c40de-0000-4000-8000-{n:x12}");
            resources.Put(new Subscription(id, $"bench-{n}"));
            resources.Put(new ResourceGroup(id, "rg-bench", "westeurope"));
            var vault = new VaultResource(id, "rg-bench", $"kv-bench-{n}", "westeurope");
            resources.Put(vault);
            stage._vaults.Add(vault);
            foreach (var role in resources.RoleDefinitions.Where(r => r.RoleName is "Key Vault Data Access Administrator" or "Key Vault Reader" or "Reader"))
                resources.Assign(ArmScope.OfSubscription(id), role.Id, FenwickCompany.PortalPrincipal, "ServicePrincipal");
        }

        resources.AssignmentChanged += change =>
        {
            if (change.Kind == AssignmentChangeKind.Removed)
                stage._removed[change.Assignment.Name] = Stopwatch.GetTimestamp();
        };
        await using var db = stage.OpenDb();
        await db.Database.MigrateAsync();
        return stage;
    }

    /// <summary>Adds grants that are active, seen in the cloud, and end at an instant.</summary>
    /// <returns>The assignments' names and ARM ids of their scopes.</returns>
    public async Task<IReadOnlyList<(Guid Name, string Scope)>> SeedAsync(int count, int subscription, DateTimeOffset endsAt, bool inCloud = true)
    {
        var made = new List<(Guid, string)>(count);
        var vault = _vaults[subscription];
        var vaultId = ArmId.Normalise(vault.Scope.Value);
        var given = endsAt.AddHours(-1);
        foreach (var part in Enumerable.Range(_seeded, count).Chunk(1000))
        {
            await using var db = OpenDb();
            foreach (var n in part)
            {
                var secret = $"s-{n}";
                var scope = ArmId.OfSecret(vaultId, secret);
                var grant = new Grant(new GrantOrder(Guid.NewGuid(), $"R-{n}", new PrincipalId(FenwickCompany.TenantId, FenwickCompany.Jonas), "Jonas Lindqvist", scope, vault.Name, secret, GrantableRole.SecretsUser, given, endsAt), given);
                var row = new DesiredAssignment(grant);
                grant.StartProvisioning();
                row.Announce(AssignmentIntent.Put, grant.EndsAt, given);
                row.NoteWritten(AssignmentObservation.Present, grant.EndsAt, given);
                row.NoteReading(new AssignmentReading(ReadingKind.AsOrdered), given);
                grant.Activate(given);
                grant.NoteSeen(given);
                row.Release(grant.EndsAt, grant.EndsAt, toEnd: true);
                db.Add(row);
                db.Add(grant);
                if (inCloud)
                    Sandbox.Control.Resources.Put(new RoleAssignment(row.Id, ArmScope.Parse(scope), GrantableRole.SecretsUser.DefinitionId, FenwickCompany.Jonas, "User") { Description = AssignmentMark.For(grant.EndsAt) });
                made.Add((row.Id, scope));
            }

            await db.SaveChangesAsync();
        }

        _seeded += count;
        return made;
    }

    /// <summary>Starts the worker.</summary>
    public async Task StartAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureAd:TenantId"] = Sandbox.Addresses.TenantId.ToString(),
            ["AzureAd:ClientId"] = Sandbox.PortalClient.ClientId.ToString(),
            ["AzureAd:ClientSecret"] = Sandbox.PortalClient.ClientSecret,
            ["Cloud:AuthorityHost"] = Sandbox.Addresses.Instance,
            ["Cloud:Credential"] = "ClientSecret",
        });
        var work = new SqliteDueWork();
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton(new CloudTransport(Sandbox.CreateHandler)).AddSingleton<IDueWork>(work).AddSingleton<IDatabaseClock>(work).AddSingleton<IAuditReading, SqliteAuditReading>();
        builder.Services.AddPortalDb((_, options) => options.UsePortalSqlite(ConnectionString));
        builder.Services.AddPortalCore();
        builder.Services.AddPortalAzure(builder.Configuration);
        builder.Services.AddHostedService<GrantWorker>();
        _host = builder.Build();
        await _host.StartAsync();
    }

    /// <summary>Waits until these assignments are gone from the cloud and their grants have ended in the database.</summary>
    /// <param name="names">Which.</param>
    /// <param name="patience">How long at most.</param>
    /// <returns>For each, the timestamp at which the cloud removed it; and the timestamp at which the last grant had ended and was seen gone.</returns>
    public async Task<(IReadOnlyList<long> Removed, long AllEnded)> DrainedAsync(IReadOnlyCollection<Guid> names, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        while (names.Any(name => !_removed.ContainsKey(name)))
            await Task.Delay(20, limit.Token);
        while (true)
        {
            await using (var db = OpenDb())
                if (!await db.Grants.AnyAsync(g => g.State != GrantState.Ended && names.Contains(g.AssignmentId), limit.Token))
                    return ([.. names.Select(name => _removed[name])], Stopwatch.GetTimestamp());
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>The database.</summary>
    public PortalDb OpenDb()
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalSqlite(ConnectionString);
        return new PortalDb(options.Options);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }

        await Sandbox.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }
}
