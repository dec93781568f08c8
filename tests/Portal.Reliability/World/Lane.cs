using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Reliability.Judging;
using Portal.Reliability.Worker;
using Portal.Sandbox;
using Portal.Sandbox.ResourceManager;

namespace Portal.Reliability.World;

/// <summary>What happens beside the other lanes and touches none of them: a database, and a subscription of the sandbox with a vault and people.</summary>
internal sealed class Lane : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Timeline> _timelines = [];
    private readonly SandboxHost _sandbox;
    private readonly LaneDatabase _database;
    private readonly LanePace _pace;
    private int _children;

    private Lane(int number, SandboxHost sandbox, LaneDatabase database, string directory, LanePace pace)
    {
        Number = number;
        _sandbox = sandbox;
        _database = database;
        _pace = pace;
        Estate = new LaneEstate(number, sandbox.Control);
        Log = Path.Combine(directory, $"lane-{number}.log");
        sandbox.Control.Resources.AssignmentChanged += Note;
    }

    public int Number { get; }

    public LaneEstate Estate { get; }

    /// <summary>Where its workers write what went wrong.</summary>
    public string Log { get; }

    public LaneDatabase Database => _database;

    /// <summary>The desk where people ask, approve and end.</summary>
    public Desk Desk { get; private set; } = null!;

    public static async Task<Lane> OpenAsync(int number, SandboxHost sandbox, string directory, LanePace pace)
    {
        var lane = new Lane(number, sandbox, await LaneDatabase.CreateAsync(pace.Database, directory, number), directory, pace);
        lane.Desk = await Desk.OpenAsync(lane);
        return lane;
    }

    /// <summary>What a worker process of this lane is told.</summary>
    /// <param name="cloudPort">A relay's port before the sandbox; null for none.</param>
    /// <param name="databasePort">A relay's port before the database server; null for none.</param>
    public Dictionary<string, string> Settings(int? cloudPort = null, int? databasePort = null)
    {
        var application = $"worker-{Interlocked.Increment(ref _children)}";
        return new()
        {
            ["AzureAd:TenantId"] = _sandbox.Addresses.TenantId.ToString(),
            ["AzureAd:ClientId"] = _sandbox.PortalClient.ClientId.ToString(),
            ["AzureAd:ClientSecret"] = _sandbox.PortalClient.ClientSecret,
            ["Cloud:AuthorityHost"] = _sandbox.Addresses.Instance,
            ["Cloud:Credential"] = "ClientSecret",
            ["Cloud:CallTimeout"] = _pace.CallTimeout.ToString("c", CultureInfo.InvariantCulture),
            [WorkerSettings.Database] = _pace.Database,
            [WorkerSettings.ConnectionString] = _database.ConnectionStringFor(application, databasePort),
            [WorkerSettings.RootCertificate] = _sandbox.CertificateFile,
            [WorkerSettings.CloudPort] = (cloudPort ?? _sandbox.Addresses.HttpsPort).ToString(CultureInfo.InvariantCulture),
            [WorkerSettings.Lease] = _pace.Lease.ToString("c", CultureInfo.InvariantCulture),
            [WorkerSettings.LookEvery] = _pace.LookEvery.ToString("c", CultureInfo.InvariantCulture),
            [WorkerSettings.Log] = Log,
        };
    }

    /// <summary>What stood of a trio so far: a copy.</summary>
    public Timeline TimelineOf(Trio trio)
    {
        var copy = new Timeline();
        lock (_lock)
            foreach (var change in _timelines.GetValueOrDefault(trio.Name)?.Changes ?? [])
                copy.Add(change);
        return copy;
    }

    /// <summary>The assignments with our mark that stand now in this lane's part of the cloud.</summary>
    public IReadOnlyList<RoleAssignment> Standing() =>
        [.. _sandbox.Control.Resources.RoleAssignments.Where(a => Estate.Owns(a) && AssignmentMark.IsOurs(a.Description))];

    /// <summary>Whether what stands is exactly what the approved windows demand at this moment.</summary>
    public bool IsAsApproved()
    {
        var now = TimeProvider.System.GetUtcNow();
        var needed = Desk.Promises.Where(p => p.Certain.Holds(now)).Select(p => p.Trio.Name).ToHashSet();
        return Standing().Select(a => a.Name).ToHashSet().SetEquals(needed);
    }

    /// <summary>Whether the portal itself is done: nothing due, every grant where its window says.</summary>
    public async Task<bool> IsSettledAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var db = _database.Open();
        var open = await db.Grants.AsNoTracking().Where(g => g.State != GrantState.Ended).ToListAsync();
        return open.All(g => g.NeedsRoleAt(now) ? g.State == GrantState.Active : g is { State: GrantState.Scheduled } && g.StartsAt > now);
    }

    /// <summary>Reads the portal's own record.</summary>
    public async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = _database.Open();
        return await read(db);
    }

    public async ValueTask DisposeAsync()
    {
        _sandbox.Control.Resources.AssignmentChanged -= Note;
        await Desk.DisposeAsync();
        await _database.DisposeAsync();
    }

    private void Note(AssignmentChange change)
    {
        if (!Estate.Owns(change.Assignment))
            return;
        lock (_lock)
        {
            if (!_timelines.TryGetValue(change.Assignment.Name, out var timeline))
                _timelines[change.Assignment.Name] = timeline = new Timeline();
            timeline.Add(change);
        }
    }
}

/// <summary>How fast the workers of a lane turn.</summary>
/// <param name="Database">Which database.</param>
/// <param name="Lease">How long a claim holds.</param>
/// <param name="LookEvery">How often they look.</param>
/// <param name="CallTimeout">How long they wait for an answer.</param>
internal sealed record LanePace(string Database, TimeSpan Lease, TimeSpan LookEvery, TimeSpan CallTimeout);
