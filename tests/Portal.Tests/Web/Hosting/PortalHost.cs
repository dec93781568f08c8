using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Sandbox;
using Portal.Sandbox.Company;
using Portal.Tests.World;
using Portal.Web.Hosting;

namespace Portal.Tests.Web.Hosting;

/// <summary>How a host differs from the usual one: Development, on Kestrel, on an empty SQLite file.</summary>
internal sealed record HostSetup
{
    public DatabaseKind Database { get; init; } = DatabaseKind.Sqlite;

    /// <summary>False hosts it in memory, where a request may claim any scheme and host.</summary>
    public bool Kestrel { get; init; } = true;

    public string Environment { get; init; } = "Development";

    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <summary>What is logged, and where to; null for errors on the console.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }

    /// <summary>Changes what the host is made of; null for nothing.</summary>
    public Action<IServiceCollection>? Services { get; init; }
}

/// <summary>The portal as <c>Program.cs</c> puts it together, with a sandbox and a database of its own.</summary>
internal sealed class PortalHost : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("portal-host-").FullName;
    private readonly string _postgres = $"test_{Guid.NewGuid():N}";
    private HostSetup _setup;
    private App? _app;

    private PortalHost(HostSetup setup) => _setup = setup;

    public SandboxHost Sandbox { get; private set; } = null!;

    public WireTap Tap { get; } = new();

    /// <summary>Where the portal listens, without a slash at the end.</summary>
    public string Address { get; private set; } = "";

    public IServiceProvider Services => _app!.Services;

    /// <summary>Where the portal keeps files of its own.</summary>
    public string DataDirectory => _directory;

    public string SqliteFile => Path.Combine(_directory, "portal.db");

    public string ConnectionString => _setup.Database == DatabaseKind.Sqlite
        ? $"Data Source={SqliteFile}"
        : Standstill.EndedBy(new NpgsqlConnectionStringBuilder(PostgresServer) { Database = _postgres, MaxPoolSize = 20 }.ConnectionString);

    private static string? PostgresServer => Environment.GetEnvironmentVariable(Portal.Tests.World.PortalDatabase.ServerVariable);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<PortalHost> StartAsync(HostSetup? setup = null)
    {
        var host = new PortalHost(setup ?? new HostSetup());
        try
        {
            host.Sandbox = await SandboxHost.StartAsync(
                new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = Path.Combine(host._directory, "sandbox") }, Ct);
            host.Start();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the portal and starts it anew, on another port, with the same database and the same cloud.</summary>
    /// <param name="settings">What it is configured with from now on; null for what it was.</param>
    public async Task RestartAsync(IReadOnlyDictionary<string, string?>? settings = null)
    {
        await StopAsync();
        _setup = _setup with { Settings = settings ?? _setup.Settings };
        Start();
    }

    /// <summary>Stops the portal; <see cref="RestartAsync"/> starts it again.</summary>
    public async Task StopAsync() => await _app!.DisposeAsync();

    /// <summary>Calls a host in memory under any address; follows no redirect and keeps no cookie.</summary>
    public HttpClient ClientAt(string address) =>
        _app!.CreateClient(new WebApplicationFactoryClientOptions { BaseAddress = new Uri(address), AllowAutoRedirect = false, HandleCookies = false });

    /// <summary>A browser that nobody has signed in with.</summary>
    public PortalVisitor Visitor() => new(this);

    /// <summary>A browser in which somebody has signed in.</summary>
    public async Task<PortalVisitor> SignedInAsync(Guid person)
    {
        var visitor = Visitor();
        using var answer = await visitor.SignInAsync(person);
        Assert.NotNull(visitor.SignInCookie);
        return visitor;
    }

    /// <summary>Whoever acts in the portal, as a command of theirs would see them.</summary>
    public Task<Actor> ActorAsync(Guid person)
    {
        var name = Sandbox.Control.Directory.Find(person)!.DisplayName;
        var signedIn = new SignedInPerson(
            new PrincipalId(FenwickCompany.TenantId, person), name, null, new HashSet<PortalRole>(), new HashSet<Guid>(), new ClientInfo(null, null), null);
        return UseAsync<IdentifyActor, Actor>(identify => identify.ExecuteAsync(signedIn, Ct));
    }

    /// <summary>Asks for reading a secret.</summary>
    public async Task<Result<SubmittedRequest>> AskAsync(Guid person, string vault, string secret, TimeSpan length, string justification = "Look into a failed payout")
    {
        var scope = await ReadAsync(async db => ArmId.OfSecret(await db.Vaults.Where(v => v.Name == vault).Select(v => v.ArmId).SingleAsync(Ct), secret));
        var draft = new RequestDraft(scope, GrantableRole.SecretsUser.DefinitionId, null, length, justification, null);
        var actor = await ActorAsync(person);
        return await UseAsync<SubmitRequest, Result<SubmittedRequest>>(submit => submit.ExecuteAsync(new RequestSubmission(Guid.NewGuid(), draft), actor, Ct));
    }

    /// <summary>Approves a request.</summary>
    public async Task<Result<Done>> ApproveAsync(Guid person, SubmittedRequest request)
    {
        var actor = await ActorAsync(person);
        return await UseAsync<DecideRequest, Result<Done>>(decide => decide.ExecuteAsync(new DecisionInput(request.RequestId, Verdict.Approved, null), actor, Ct));
    }

    /// <summary>Waits until the grant of a request is in a state.</summary>
    /// <returns>The grant's id.</returns>
    public async Task<Guid> GrantReachesAsync(SubmittedRequest request, GrantState state)
    {
        var id = Guid.Empty;
        await UntilAsync($"the grant of {request.Reference} is {state}", async db =>
            (id = await db.Grants.Where(g => g.RequestId == request.RequestId && g.State == state).Select(g => g.Id).SingleOrDefaultAsync(Ct)) != Guid.Empty);
        return id;
    }

    /// <summary>Waits until the portal's own first sync has filled the catalog.</summary>
    public Task CatalogAsync() => UntilAsync("the catalog is filled", async db =>
        await db.Vaults.CountAsync(Ct) == Sandbox.Control.Resources.Vaults.Count && await db.Secrets.Select(s => s.VaultId).Distinct().CountAsync(Ct) >= 5);

    /// <summary>Reads the portal's database.</summary>
    public async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct);
        return await read(db);
    }

    /// <summary>The portal's database, also while the portal does not run.</summary>
    public PortalDb OpenDb() => Portal.Tests.World.PortalDatabase.OpenAt(_setup.Database, ConnectionString);

    /// <summary>Waits for something in the portal's database, for at most two minutes.</summary>
    public async Task UntilAsync(string what, Func<PortalDb, Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await ReadAsync(holds))
            if (patience.IsCancellationRequested)
                Assert.Fail($"Waited in vain until {what}.");
            else
                await tick.WaitForNextTickAsync(Ct);
    }

    /// <summary>Uses something of the portal's in a scope of its own.</summary>
    public async Task<TResult> UseAsync<TUseCase, TResult>(Func<TUseCase, Task<TResult>> use) where TUseCase : notnull
    {
        await using var scope = Services.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<TUseCase>());
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        if (Sandbox is not null)
            await Sandbox.DisposeAsync();
        if (_setup.Database == DatabaseKind.PostgreSql)
            await DropAsync();
        else
            using (var connection = new SqliteConnection(ConnectionString))
                SqliteConnection.ClearPool(connection);
        Directory.Delete(_directory, recursive: true);
    }

    private void Start()
    {
        _app = new App(this);
        if (!_setup.Kestrel)
        {
            _ = _app.Services;
            return;
        }

        _app.UseKestrel(0);
        _app.StartServer();
        // By name, as it is registered with the sandbox.
        Address = $"http://localhost:{_app.ClientOptions.BaseAddress.Port}";
    }

    private async Task DropAsync()
    {
        await using (var own = new NpgsqlConnection(ConnectionString))
            NpgsqlConnection.ClearPool(own);
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(PostgresServer) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand($"DROP DATABASE IF EXISTS {_postgres} WITH (FORCE)", connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private sealed class App(PortalHost host) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment(host._setup.Environment);
            // Settings of this kind reach Program.cs as arguments, so that it sees them before it builds anything.
            foreach (var (key, value) in SandboxLauncher.SettingsFor(host.Sandbox))
                builder.UseSetting(key, value);
            builder.UseSetting(Portal.Web.Hosting.DataDirectory.Key, host._directory);
            builder.UseSetting(Portal.Web.Hosting.PortalDatabase.ProviderKey, host._setup.Database.ToString());
            builder.UseSetting("ConnectionStrings:Portal", host.ConnectionString);
            foreach (var (key, value) in host._setup.Settings)
                builder.UseSetting(key, value);
            builder.ConfigureLogging(host._setup.Logging ?? (logging => logging.ClearProviders().AddSimpleConsole().SetMinimumLevel(LogLevel.Critical)));
            builder.ConfigureTestServices(services =>
            {
                services.AddSingleton(new CloudTransport(() => host.Tap.Around(host.Sandbox.CreateHandler())));
                // One clock for all: moved once, the grant is over for the portal, its database and the cloud alike. Timers stay the real ones.
                services.AddSingleton<TimeProvider>(host.Sandbox.Control.Clock);
                services.AddSingleton<IDatabaseClock>(new FakeDatabaseClock(host.Sandbox.Control.Clock));
                host._setup.Services?.Invoke(services);
            });
        }
    }
}

/// <summary>One host for the tests that change nothing in it.</summary>
public sealed class SharedPortal : IAsyncLifetime
{
    internal PortalHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Host = await PortalHost.StartAsync();

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>The classes that host the portal: one after another, since each host is a whole portal with its workers.</summary>
[CollectionDefinition(Name)]
public sealed class HostedPortal : ICollectionFixture<SharedPortal>
{
    public const string Name = "hosted portal";
}
