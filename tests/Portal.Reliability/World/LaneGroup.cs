using Portal.Sandbox;

namespace Portal.Reliability.World;

/// <summary>Lanes whose portals one worker process hosts: what befalls the process befalls each of them, in the middle of its own work.</summary>
internal sealed class LaneGroup : IAsyncDisposable
{
    private readonly List<LaneLife> _lives = [];

    private LaneGroup(Random random) => Random = random;

    /// <summary>What decides about the process.</summary>
    public Random Random { get; }

    public IReadOnlyList<LaneLife> Lives => _lives;

    public IEnumerable<Lane> Lanes => _lives.Select(life => life.Lane);

    /// <summary>Opens lanes.</summary>
    /// <param name="numbers">Their numbers, unlike those of all other lanes of the run.</param>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="directory">Where files may be put.</param>
    /// <param name="pace">How fast their portals turn, and on which database.</param>
    /// <param name="seed">Where chance begins.</param>
    public static async Task<LaneGroup> OpenAsync(IReadOnlyCollection<int> numbers, SandboxHost sandbox, string directory, LanePace pace, int seed)
    {
        var group = new LaneGroup(new Random(unchecked((seed * 104_729) + numbers.First())));
        foreach (var number in numbers)
            group._lives.Add(new LaneLife(await Lane.OpenAsync(number, sandbox, directory, pace), new Random(unchecked((seed * 7919) + number))));
        return group;
    }

    /// <summary>What a process is told that hosts the portals of all these lanes.</summary>
    /// <param name="cloudPort">A relay's port before the sandbox; null for none.</param>
    /// <param name="databasePort">A relay's port before the database server; null for none.</param>
    public List<Dictionary<string, string>> Settings(int? cloudPort = null, int? databasePort = null) => [.. Lanes.Select(lane => lane.Settings(cloudPort, databasePort))];

    /// <summary>The process was there from one instant to another, and nothing was in its way.</summary>
    public void WasUp(string who, DateTimeOffset from, DateTimeOffset to) => _lives.ForEach(life => life.WasUp(who, from, to));

    /// <summary>People at every desk, until they are told to stop.</summary>
    /// <returns>A task for each lane: one that fails says so at once.</returns>
    public IReadOnlyList<Task> BusyAsync(CancellationToken stop) => [.. _lives.Select(life => PeopleOf(life).BusyAsync(stop))];

    /// <summary>The people of a lane.</summary>
    public People PeopleOf(LaneLife life) => new(life.Lane, life.Random, _lives.Count);

    /// <summary>Waits until every lane's cloud is as approved and its portal has nothing left to do.</summary>
    /// <returns>How long it took for the slowest.</returns>
    /// <exception cref="TimeoutException">It took longer than a minute.</exception>
    public async Task<TimeSpan> ConvergeAsync(string what) => (await Task.WhenAll(Lanes.Select(lane => Convergence.OfAsync(lane, what)))).Max();

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in Lanes)
            await lane.DisposeAsync();
    }
}
