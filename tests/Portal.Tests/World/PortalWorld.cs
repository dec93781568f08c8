using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Streaming;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;

namespace Portal.Tests.World;

/// <summary>The portal's core over a real database, with a clock that stands until it is moved and a cloud in memory. The company's policies and catalog are loaded by the use cases that load them in production.</summary>
public sealed class PortalWorld : IAsyncDisposable
{
    /// <summary>A Monday morning.</summary>
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    /// <summary>How long a claim holds here, as in production.</summary>
    public static readonly TimeSpan Lease = new GrantPace().Lease;

    private readonly PortalDatabase _database;
    private readonly List<PortalInstance> _instances = [];
    private readonly string _files = Path.Combine(System.IO.Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"portal-world-{Guid.NewGuid():N}");
    private PortalInstance _acting;

    private PortalWorld(PortalDatabase database, bool sealing)
    {
        _database = database;
        Cloud = new FakeRoleAssignments(Clock);
        DatabaseClock = new FakeDatabaseClock(Clock);
        Memberships = new FakeMemberships(Clock);
        Schedules = new FakeSchedules(Clock);
        Probe = new FakeAccessProbe(Cloud);
        Sealing = new SealingOptions("portal.test/audit", Path.Combine(_files, "audit-signing-key"), "") { StopsGrants = sealing };
        _acting = AddInstance();
    }

    /// <summary>The true time, which is the cloud's.</summary>
    public FakeTimeProvider Clock { get; } = new(Start);

    /// <summary>The portal that acts; the only one, until a test adds another.</summary>
    public PortalInstance Acting => _acting;

    /// <summary>All portals of this world.</summary>
    public IReadOnlyList<PortalInstance> Instances => _instances;

    /// <summary>The clock of the machine that the acting portal runs on: right until a test sets it.</summary>
    public MachineClock Machine => _acting.Machine;

    /// <summary>The database's own clock: right until a test sets it off.</summary>
    public FakeDatabaseClock DatabaseClock { get; }

    public FakeDirectory Directory { get; } = new();

    public FakeVaultInventory Inventory { get; } = new();

    public FakeRoleAssignments Cloud { get; }

    public FakeMemberships Memberships { get; }

    public FakeSchedules Schedules { get; }

    public FakeAccessProbe Probe { get; }

    /// <summary>Who is told of the sealed log.</summary>
    public FakeStreamSender Streams { get; } = new();

    public DatabaseFaults DatabaseFaults => _acting.DatabaseFaults;

    /// <summary>Where the acting portal's spool of revocations lies.</summary>
    public SpoolOptions Spool => _acting.Spool;

    /// <summary>How many requests one person may send within an hour. A world has no limit until a test sets one: in most of them years pass within one hour, or everything is asked for at once.</summary>
    public int? RequestLimit { get; set; }

    /// <summary>How the audit log is sealed here.</summary>
    public SealingOptions Sealing { get; }

    /// <summary>Where its checkpoints are kept.</summary>
    public FakeCheckpointStore Checkpoints { get; } = new();

    /// <summary>A world on a database of its own. Skips the test when this kind of database is not to be had.</summary>
    /// <param name="kind">Which database.</param>
    /// <param name="empty">True leaves out the company's policies and catalog.</param>
    /// <param name="sealing">True has grants wait for the audit log, which only a test that calls <see cref="SealAsync"/> seals.</param>
    public static async Task<PortalWorld> OpenAsync(DatabaseKind kind = DatabaseKind.Sqlite, bool empty = false, bool sealing = false)
    {
        var world = new PortalWorld(await PortalDatabase.CreateAsync(kind), sealing);
        if (empty)
            return world;
        await world.LoadPoliciesAsync(Company.Policies);
        await world.SyncAsync();
        return world;
    }

    /// <summary>Registers the core, this world's database, clock and cloud; for hosts of their own, such as a component test's.</summary>
    public void AddTo(IServiceCollection services) => AddTo(services, _acting);

    private void AddTo(IServiceCollection services, PortalInstance instance)
    {
        services.AddSingleton<TimeProvider>(instance.Machine);
        services.AddSingleton(new Random(1));
        services.AddSingleton<IDirectory>(Directory);
        services.AddSingleton<IVaultInventory>(Inventory);
        services.AddSingleton<IRoleAssignments>(new DistantAssignments(Cloud, instance.Line));
        services.AddSingleton<IGrantProvider>(new DistantProvider(Memberships, instance.Line)).AddSingleton<IGrantProvider>(new DistantProvider(Schedules, instance.Line));
        services.AddSingleton<IAccessProbe>(Probe);
        services.AddSingleton(instance.Spool);
        services.AddSingleton(Sealing).AddSingleton<ICheckpointStore>(Checkpoints);
        services.AddSingleton<IStreamSender>(Streams).AddSingleton(new StreamOptions([FakeStreamSender.Siem]));
        services.AddSingleton<IDueWork>(_database.Kind == DatabaseKind.Sqlite ? new SqliteDueWork() : new PostgreSqlDueWork());
        services.AddSingleton<IAuditReading>(_database.Kind == DatabaseKind.Sqlite ? new SqliteAuditReading() : new PostgreSqlAuditReading());
        services.AddSingleton<IDatabaseClock>(DatabaseClock);
        services.AddSingleton(_ => new RequestLimits(RequestLimit));
        services.AddPortalDb((_, options) => _database.Configure(options).AddInterceptors(instance.DatabaseFaults));
        services.AddPortalCore();
    }

    /// <summary>The portal is started anew on the same database: what it only remembered is gone.</summary>
    public Task RestartAsync() => _acting.RestartAsync();

    /// <summary>Another portal on the same database and the same cloud. It does nothing until it acts.</summary>
    public PortalInstance AddInstance()
    {
        var instance = new PortalInstance(Clock, AddTo);
        _instances.Add(instance);
        return instance;
    }

    /// <summary>Whatever this world does from now on is done by this portal.</summary>
    public void ActAs(PortalInstance instance) => _acting = instance;

    /// <summary>A use case of the acting portal, or anything else that is registered.</summary>
    public T Get<T>() where T : notnull => _acting.Get<T>();

    /// <summary>The database, for tests that break it for real.</summary>
    public PortalDatabase Database => _database;

    public PortalDb OpenDb() => _database.Open();

    /// <summary>Reads from the database as it is now.</summary>
    public async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = OpenDb();
        return await read(db);
    }

    /// <summary>Someone as the portal identifies them at a command: by what the directory says now.</summary>
    public Task<Actor> IdentifyAsync(TestPerson person) => Get<IdentifyActor>().ExecuteAsync(
        new SignedInPerson(person.Id, person.Name, person.Upn, person.Roles.ToHashSet(), person.Groups.ToHashSet(), new ClientInfo("192.0.2.7", "test"), null), Ct);

    public async Task LoadPoliciesAsync(IReadOnlyList<PolicyDefinition> policies) =>
        Assert.True((await Get<LoadPolicies>().ExecuteAsync(policies, Actor.System, Ct)).Succeeded);

    public async Task SyncAsync() => Assert.True((await Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Succeeded);

    /// <summary>A draft that nothing is wrong with, for half an hour from now.</summary>
    public static RequestDraft Draft(string? scope = null, int minutes = 30, DateTimeOffset? start = null, string? justification = "Rotate the key, INC-4711", string? ticket = null, GrantableRole? role = null) =>
        new(scope ?? Company.Stripe, (role ?? GrantableRole.SecretsUser).DefinitionId, start, TimeSpan.FromMinutes(minutes), justification, ticket);

    public async Task<Result<SubmittedRequest>> SubmitAsync(TestPerson who, RequestDraft draft, Guid? key = null) =>
        await Get<SubmitRequest>().ExecuteAsync(new RequestSubmission(key ?? Guid.NewGuid(), draft), await IdentifyAsync(who), Ct);

    /// <summary>Asks, and must succeed.</summary>
    public async Task<SubmittedRequest> AskAsync(TestPerson? who = null, RequestDraft? draft = null)
    {
        var result = await SubmitAsync(who ?? Company.Mira, draft ?? Draft());
        Assert.Empty(result.Refusals);
        return result.Value;
    }

    public async Task<Result<Done>> DecideAsync(Guid requestId, TestPerson who, Verdict verdict = Verdict.Approved, string? comment = null) =>
        await Get<DecideRequest>().ExecuteAsync(new DecisionInput(requestId, verdict, comment), await IdentifyAsync(who), Ct);

    /// <summary>Asks and has it approved; both must succeed.</summary>
    public async Task<Grant> PromiseAsync(TestPerson? who = null, RequestDraft? draft = null, TestPerson? approver = null)
    {
        var asked = await AskAsync(who, draft);
        Assert.Empty((await DecideAsync(asked.RequestId, approver ?? Company.Priya)).Refusals);
        return await GrantOfAsync(asked.RequestId);
    }

    public async Task<Result<Done>> ReturnAsync(Guid grantId, TestPerson who) => await Get<ReturnGrant>().ExecuteAsync(grantId, await IdentifyAsync(who), Ct);

    public async Task<Result<Done>> RevokeAsync(Guid grantId, TestPerson who, string? reason = "Laptop lost") =>
        await Get<RevokeGrant>().ExecuteAsync(new RevocationInput(grantId, reason), await IdentifyAsync(who), Ct);

    /// <summary>Pauses, and must succeed.</summary>
    public async Task<PauseOutcome> PauseAsync(PauseInput input, TestPerson? who = null)
    {
        var result = await Get<PauseAccess>().ExecuteAsync(input, await IdentifyAsync(who ?? Company.Tomas), Ct);
        Assert.Empty(result.Refusals);
        return result.Value;
    }

    public async Task<Result<Done>> ResumeAsync(Guid pauseId, TestPerson? who = null) =>
        await Get<ResumeAccess>().ExecuteAsync(pauseId, await IdentifyAsync(who ?? Company.Tomas), Ct);

    public async Task<IReadOnlyList<AssignmentClaim>> ClaimAsync(int most = 20) =>
        (await Get<ClaimDueAssignments>().ExecuteAsync(most, Actor.System, Ct)).Value.Claims;

    public async Task<bool> DriveAsync(AssignmentClaim claim, CancellationToken? ct = null) =>
        (await Get<DriveAssignment>().ExecuteAsync(claim, Actor.System, ct ?? Ct)).Value;

    /// <summary>Does what the grant worker does, until nothing is due at this moment.</summary>
    /// <returns>How many times an assignment was driven.</returns>
    public async Task<int> WorkAsync()
    {
        for (var driven = 0; ;)
        {
            var claims = await ClaimAsync();
            if (claims.Count == 0)
                return driven;
            foreach (var claim in claims)
                await DriveAsync(claim);
            driven += claims.Count;
            Assert.True(driven < 500, "The grant worker goes round in circles.");
        }
    }

    /// <summary>Each answer of Resource Manager brings its time along.</summary>
    public void HearTheCloud() => Get<ClockWatch>().HearResourceManager(Clock.GetUtcNow(), Clock.GetTimestamp());

    /// <summary>Moves the clock, then works.</summary>
    public Task<int> PassAsync(TimeSpan time)
    {
        Clock.Advance(time);
        return WorkAsync();
    }

    /// <summary>Moves the clock in small steps and works at each, as the grant worker does in a real stretch of time.</summary>
    public async Task LiveAsync(TimeSpan time, TimeSpan step)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += step)
            await PassAsync(step);
    }

    /// <summary>Does what the sealer does, until no event waits.</summary>
    /// <returns>How many events were sealed.</returns>
    public async Task<int> SealAsync(bool checkpoint = false)
    {
        for (var all = 0; ;)
        {
            var turn = (await Get<SealEvents>().ExecuteAsync(new SealOrder(checkpoint), Actor.System, Ct)).Value;
            all += turn.Sealed;
            if (!turn.MoreIsPending)
                return all;
        }
    }

    /// <summary>The sealer of another instance on the same database, and on the same store unless it has its own.</summary>
    public SealEvents AnotherSealer(string holder, LogState? state = null, CheckpointStores? stores = null) =>
        ActivatorUtilities.CreateInstance<SealEvents>(_acting.Services, Sealing with { Holder = holder }, state ?? new LogState(), stores ?? Get<CheckpointStores>());

    /// <summary>The sealer of another instance with files and a health of its own.</summary>
    public SealEvents AnotherSealer(SealingOptions options, AuditHealth health, CheckpointStores? stores = null) =>
        ActivatorUtilities.CreateInstance<SealEvents>(_acting.Services, options, new LogState(), new SigningKeyFile(options), health, stores ?? Get<CheckpointStores>());

    public Task<Grant> GrantOfAsync(Guid requestId) => ReadAsync(db => db.Grants.AsNoTracking().SingleAsync(g => g.RequestId == requestId));

    public Task<AccessRequest> RequestAsync(Guid requestId) => ReadAsync(db => db.AccessRequests.AsNoTracking().SingleAsync(r => r.Id == requestId));

    public Task<DesiredAssignment> AssignmentAsync(Guid assignmentId) => ReadAsync(db => db.DesiredAssignments.AsNoTracking().SingleAsync(a => a.Id == assignmentId));

    /// <summary>The codes of the events since the start, in the trail's order; policies and sign-ins left out.</summary>
    public async Task<IReadOnlyList<string>> CodesAsync(Guid? requestId = null) =>
        [.. (await EventsAsync(requestId)).Select(e => e.Code)];

    public async Task<IReadOnlyList<AuditEvent>> EventsAsync(Guid? requestId = null) =>
        await ReadAsync(db => db.AuditEvents.AsNoTracking()
            .Where(e => (requestId == null || e.RequestId == requestId) && !e.Code.StartsWith("policy."))
            .OrderBy(e => e.Sequence).ToListAsync());

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances)
            await instance.DisposeAsync();
        await _database.DisposeAsync();
        if (System.IO.Directory.Exists(_files))
            System.IO.Directory.Delete(_files, recursive: true);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
