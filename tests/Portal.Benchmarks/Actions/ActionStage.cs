using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Portal.Core;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants.Claims;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Web.Workers;

namespace Portal.Benchmarks.Actions;

/// <summary>A database with one vault, one secret and one policy, and the use cases of one or more portal instances on it. No pages and no cloud: nothing here calls it.</summary>
internal sealed class ActionStage : IAsyncDisposable
{
    /// <summary>Who may ask.</summary>
    public static readonly PolicyGroup Engineers = new(new Guid("ac710000-0000-4000-8000-000000000001"), "Engineers");

    private static readonly PolicyGroup Approvers = new(new Guid("ac710000-0000-4000-8000-000000000002"), "Approvers");

    private readonly Action<DbContextOptionsBuilder> _use;
    private readonly bool _sqlite;
    private readonly Func<Task> _drop;
    private readonly List<ServiceProvider> _instances = [];

    private ActionStage(string directory, Action<DbContextOptionsBuilder> use, bool sqlite, Func<Task> drop)
    {
        FilesIn = directory;
        _use = use;
        _sqlite = sqlite;
        _drop = drop;
    }

    /// <summary>The directory of the signing key and the checkpoints, and of SQLite's file.</summary>
    public string FilesIn { get; }

    /// <summary>Where the database is; null on SQLite.</summary>
    public string? Server { get; private init; }

    /// <summary>How to connect; null on a server.</summary>
    public string? ConnectionString { get; private init; }

    /// <summary>The scope that is asked for.</summary>
    public string Secret { get; private set; } = "";

    /// <summary>Opens one on SQLite.</summary>
    public static Task<ActionStage> OnSqliteAsync()
    {
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        var connectionString = $"Data Source={Path.Combine(directory, "portal.db")}";
        return FillAsync(new ActionStage(directory, options => options.UsePortalSqlite(connectionString), sqlite: true, () =>
        {
            SqliteConnection.ClearAllPools();
            return Task.CompletedTask;
        })
        { ConnectionString = connectionString });
    }

    /// <summary>Opens one on a server where databases may be made.</summary>
    public static Task<ActionStage> OnPostgreSqlAsync(string server)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(server) { Database = $"bench_{Guid.NewGuid():N}" }.ConnectionString;
        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalPostgreSql(connectionString);
        return FillAsync(new ActionStage(Directory.CreateTempSubdirectory("portal-bench-").FullName, builder => builder.UsePortalPostgreSql(connectionString), sqlite: false, async () =>
        {
            NpgsqlConnection.ClearAllPools();
            await using var db = new PortalDb(options.Options);
            await db.Database.EnsureDeletedAsync();
        })
        { Server = connectionString });
    }

    /// <summary>The services of one more portal instance, as a process of its own would have them.</summary>
    public ServiceProvider Instance()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddPortalDb((_, options) => _use(options));
        services.AddSingleton<IDueWork>(_sqlite ? new SqliteDueWork() : new PostgreSqlDueWork()).AddSingleton<IDatabaseClock>(_sqlite ? new SqliteDueWork() : new PostgreSqlDueWork());
        services.AddSingleton<IAuditReading>(_sqlite ? new SqliteAuditReading() : new PostgreSqlAuditReading());
        services.AddSingleton(new SealingOptions("bench/audit", Path.Combine(FilesIn, "key"), Path.Combine(FilesIn, "checkpoints")) { Holder = $"instance-{_instances.Count}" });
        // A caller stands for more people than one may send for.
        services.AddSingleton(new RequestLimits(null));
        services.AddPortalCore().AddTransient<SealWorker>();
        var instance = services.BuildServiceProvider();
        _instances.Add(instance);
        return instance;
    }

    /// <summary>The caller of this number: a person of their own.</summary>
    public static Actor Caller(int number) => new(ActorKind.Person, new PrincipalId(Guid.Empty, new Guid($"ac710000-0000-4000-9000-{number:x12}")), $"Engineer {number}", $"engineer{number}@fenwick.example", new HashSet<PortalRole> { PortalRole.Requester }, new HashSet<Guid> { Engineers.Id })
    {
        Confirmed = true,
        Client = new ClientInfo("10.20.30.40", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    };

    /// <summary>Starts the sealers of some instances; they stop when what is returned is disposed.</summary>
    public static async Task<IAsyncDisposable> SealAsync(IEnumerable<ServiceProvider> instances)
    {
        var workers = new Workers([.. instances.Select(i => i.GetRequiredService<SealWorker>())]);
        await workers.StartAsync();
        return workers;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances)
            await instance.DisposeAsync();
        await _drop();
        Directory.Delete(FilesIn, recursive: true);
    }

    private static async Task<ActionStage> FillAsync(ActionStage stage)
    {
        var instance = stage.Instance();
        await using (var db = await instance.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync())
        {
            await db.Database.MigrateAsync();
            var now = TimeProvider.System.GetUtcNow();
            var vault = new Vault(new VaultSeen($"/subscriptions/{Guid.Empty}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-bench", "kv-bench", "westeurope", new Uri("https://kv-bench.vault.azure.net/"), PermissionModel.RoleAssignments, new Dictionary<string, string>(), null), now);
            var secret = new Secret(vault, new SecretSeen("stripe-api-key", true, "text/plain", null, new Dictionary<string, string>()), now);
            secret.Index(vault);
            stage.Secret = secret.ArmId;
            db.AddRange(vault, secret);
            await db.SaveChangesAsync();
        }

        await instance.GetRequiredService<LoadPolicies>().ExecuteAsync(
            [new PolicyDefinition { Name = "bench", Vaults = ["*"], Roles = [GrantableRole.SecretsUser.Name], Eligible = [Engineers], Approvers = [Approvers], LongestWindow = TimeSpan.FromHours(8) }], Actor.System, CancellationToken.None);
        return stage;
    }

    private sealed class Workers(IReadOnlyList<BackgroundService> workers) : IAsyncDisposable
    {
        public async Task StartAsync()
        {
            foreach (var worker in workers)
                await worker.StartAsync(CancellationToken.None);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var worker in workers)
            {
                await worker.StopAsync(CancellationToken.None);
                worker.Dispose();
            }
        }
    }
}
