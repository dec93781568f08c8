using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Portal.Azure;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Sandbox;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.World;

/// <summary>The portal's core over a real database and, by the real SDKs, over a sandbox, for one trio that nobody else uses. Time leaps from one due instant to the next, so that waits cost nothing.</summary>
public sealed class SandboxWorld : IAsyncDisposable
{
    /// <summary>How long a call is waited for in a case in which one is not answered: in real time, so as short as a busy machine lets calls be that are.</summary>
    public static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(2);

    private static int _made;

    private readonly PortalDatabase _database;
    private ServiceProvider _services;
    private readonly LeapingClock _clock;
    private readonly SandboxHost _sandbox;
    private readonly DirectoryUser _person;
    private readonly string _secret;
    private AccessPolicy _policy = null!;
    private Vault _vault = null!;

    private readonly TimeSpan _patience;

    private SandboxWorld(SandboxHost sandbox, PortalDatabase database, TimeSpan patience)
    {
        _patience = patience;
        _sandbox = sandbox;
        _database = database;
        _clock = new LeapingClock(sandbox.Control.Clock);
        var number = Interlocked.Increment(ref _made);
        _secret = $"case-{number}";
        Scope = ArmId.OfSecret(VaultScope.Value, _secret);
        _person = new DirectoryUser(new Guid($"6a51cfa7-7777-4000-8000-{number:x12}"), $"Case Engineer{number}", $"case{number}@{FenwickCompany.Domain}", "Software engineer", "Payments");
        Join(sandbox.Control.Directory);
        AssignmentId = AssignmentName.Of(Scope, _person.Id, GrantableRole.SecretsUser.DefinitionId);
        _services = Start();
    }

    private ServiceProvider Start()
    {
        var (sandbox, database) = (_sandbox, _database);
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        services.AddSingleton<TimeProvider>(_clock).AddSingleton(new Random(1));
        services.AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = Environments.Development });
        services.AddSingleton(new CloudTransport(sandbox.CreateHandler));
        services.AddSingleton<IDueWork>(database.Kind == DatabaseKind.Sqlite ? new SqliteDueWork() : new PostgreSqlDueWork()).AddSingleton<IDatabaseClock>(new FakeDatabaseClock(_clock));
        services.AddPortalDb((_, options) => database.Configure(options));
        services.AddPortalCore();
        services.AddPortalAzure(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureAd:TenantId"] = sandbox.Addresses.TenantId.ToString(),
            ["AzureAd:ClientId"] = sandbox.PortalClient.ClientId.ToString(),
            ["AzureAd:ClientSecret"] = sandbox.PortalClient.ClientSecret,
            ["Cloud:AuthorityHost"] = sandbox.Addresses.Instance,
            ["Cloud:Credential"] = "ClientSecret",
            ["Cloud:CallTimeout"] = _patience.ToString("c"),
        }).Build());
        return services.BuildServiceProvider();
    }

    private static ArmScope VaultScope { get; } = FenwickEstate.VaultScope("kv-payments-prod");

    /// <summary>The secret's ARM id.</summary>
    public string Scope { get; }

    /// <summary>The name that the portal's assignment has.</summary>
    public Guid AssignmentId { get; }

    public SandboxControl Control => _sandbox.Control;

    /// <summary>Whoever gets the access.</summary>
    public Guid PersonId => _person.Id;

    /// <summary>What stands at the scope for the person, whosever it is.</summary>
    public IReadOnlyList<RoleAssignment> Standing => [.. Control.Resources.RoleAssignments.Where(a => a.Scope.Value.Equals(Scope, StringComparison.OrdinalIgnoreCase) && a.PrincipalId == _person.Id)];

    /// <summary>A world on a database of its own.</summary>
    /// <param name="sandbox">Its cloud.</param>
    /// <param name="kind">Which database.</param>
    /// <param name="patience">How long a call is waited for; null for as long as in production.</param>
    public static async Task<SandboxWorld> OpenAsync(SandboxHost sandbox, DatabaseKind kind = DatabaseKind.Sqlite, TimeSpan? patience = null)
    {
        var world = new SandboxWorld(sandbox, await PortalDatabase.CreateAsync(kind), patience ?? new CloudOptions().CallTimeout);
        Assert.True((await world.Get<LoadPolicies>().ExecuteAsync(Company.Policies, Actor.System, Ct)).Succeeded);
        await using var db = world._database.Open();
        var now = world._clock.Now();
        world._vault = new Vault(new VaultSeen(VaultScope.Value, "kv-payments-prod", "westeurope", new Uri("https://kv-payments-prod.vault.azure.net/"), PermissionModel.RoleAssignments, new Dictionary<string, string>(), null), now);
        db.Vaults.Add(world._vault);
        db.Secrets.Add(new Secret(world._vault, FakeVaultInventory.Secret(world._secret), now));
        await db.SaveChangesAsync(Ct);
        world._policy = await db.AccessPolicies.SingleAsync(p => p.Name == "payments", Ct);
        return world;
    }

    /// <summary>A use case, or anything else that is registered.</summary>
    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    /// <summary>A process that has only just started: it has no token yet.</summary>
    public async Task RestartAsync()
    {
        await _services.DisposeAsync();
        _services = Start();
    }

    /// <summary>Reads from the database as it is now.</summary>
    public async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = _database.Open();
        return await read(db);
    }

    /// <summary>Gets a window approved.</summary>
    public async Task<Grant> PromiseAsync(TimeSpan? window = null)
    {
        var now = _clock.Now();
        var holder = new Actor(ActorKind.Person, new PrincipalId(FenwickCompany.TenantId, _person.Id), _person.DisplayName, _person.UserPrincipalName, new HashSet<PortalRole> { PortalRole.Requester }, new HashSet<Guid> { Company.PaymentsEngineers }) { Confirmed = true };
        var priya = new Actor(ActorKind.Person, Company.Priya.Id, Company.Priya.Name, Company.Priya.Upn, Company.Priya.Roles.ToHashSet(), Company.Priya.Groups.ToHashSet()) { Confirmed = true };
        var request = new AccessRequest(Guid.NewGuid(), holder, _vault, _secret, GrantableRole.SecretsUser, new AccessWindow(null, window ?? TimeSpan.FromHours(8)), "Fault matrix", null, _policy, now);
        await using (var db = _database.Open())
        {
            db.AccessRequests.Add(request);
            await db.SaveChangesAsync(Ct);
        }

        Assert.Empty((await Get<DecideRequest>().ExecuteAsync(new DecisionInput(request.Id, Verdict.Approved, null), priya, Ct)).Refusals);
        return await ReadAsync(db => db.Grants.AsNoTracking().SingleAsync(g => g.RequestId == request.Id));
    }

    /// <summary>Does what the grant worker does, until nothing is due at this moment.</summary>
    public async Task WorkAsync()
    {
        for (var driven = 0; ;)
        {
            var claims = (await Get<ClaimDueAssignments>().ExecuteAsync(20, Actor.System, Ct)).Value.Claims;
            if (claims.Count == 0)
                return;
            foreach (var claim in claims)
                await Get<DriveAssignment>().ExecuteAsync(claim, Actor.System, Ct);
            driven += claims.Count;
            Assert.True(driven < 200, "The grant worker goes round in circles.");
        }
    }

    /// <summary>Leaps from one due instant to the next until something is so. Fails when that takes more than four hours of the cloud's time, or when nothing is due any more.</summary>
    /// <param name="settled">What is to be so; null for nothing due within the next two hours: what a provider asks to wait is an hour at most.</param>
    public async Task SettleAsync(Func<Task<bool>>? settled = null)
    {
        var began = _clock.GetUtcNow();
        while (true)
        {
            await WorkAsync();
            if (settled is not null && await settled())
                return;
            var due = await ReadAsync(db => db.DesiredAssignments.AsNoTracking().Where(a => a.Id == AssignmentId).Select(a => a.DueAt).SingleAsync());
            if (settled is null && (due is null || due > _clock.GetUtcNow() + TimeSpan.FromHours(2)))
                return;
            Assert.True(due is not null, "Nothing is due any more.");
            Assert.True(_clock.GetUtcNow() - began < TimeSpan.FromHours(4), $"It takes too long: {await StateAsync()}.");
            // What is due and not taken up waits for its subscription, which asked for a pause.
            if (due <= _clock.GetUtcNow())
                _clock.Leap(TimeSpan.FromSeconds(20));
            else
                LeapTo(due.Value);
        }
    }

    /// <summary>Leaps to an instant, unless it is past.</summary>
    public void LeapTo(DateTimeOffset instant)
    {
        if (instant - _clock.GetUtcNow() is var by && by > TimeSpan.Zero)
            _clock.Leap(by);
    }

    /// <summary>Waits in real time for what the cloud does by itself.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!holds())
            await Task.Delay(10, patience.Token);
    }

    public Task<Grant> GrantAsync(Guid id) => ReadAsync(db => db.Grants.AsNoTracking().SingleAsync(g => g.Id == id));

    public Task<List<string>> CodesAsync(Guid grantId) => ReadAsync(db => db.AuditEvents.AsNoTracking().Where(e => e.GrantId == grantId).OrderBy(e => e.Sequence).Select(e => (string)e.Code).ToListAsync());

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task<string> StateAsync() => await ReadAsync(async db =>
    {
        var row = await db.DesiredAssignments.AsNoTracking().SingleAsync(a => a.Id == AssignmentId);
        var grants = await db.Grants.AsNoTracking().Select(g => $"{g.State} {g.AttentionCode}").ToListAsync();
        return $"row {row.Observed}, {row.Attempts} attempts, {row.FaultCode}: {row.FaultMessage}; grants {string.Join(", ", grants)}";
    });

    private void Join(DirectoryState directory)
    {
        directory.Put(_person);
        directory.AddMember(FenwickCompany.PaymentsEngineers, _person.Id);
        directory.AssignAppRole(_person.Id, (DirectoryServicePrincipal)directory.Find(FenwickCompany.PortalPrincipal)!, "Requester");
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
