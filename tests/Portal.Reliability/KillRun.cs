using System.Collections.Concurrent;
using System.Globalization;
using Portal.Reliability.Judging;
using Portal.Reliability.Worker;
using Portal.Reliability.World;
using Portal.Sandbox;

namespace Portal.Reliability;

/// <summary>Kills workers at random instants and at every named step, starts others, and compares what is left in the cloud with what was approved.</summary>
internal sealed class KillRun(KillOrder order)
{
    // Milliseconds after it is ready: somewhat more than the lease that the one before left behind.
    private const int LongestLife = 3000;

    // For work to come by that passes the point, on a machine however busy.
    private static readonly TimeSpan PatienceAtPoint = TimeSpan.FromSeconds(45);

    private readonly LanePace _pace = new(order.Database, Lease: TimeSpan.FromSeconds(2), LookEvery: TimeSpan.FromMilliseconds(100), CallTimeout: TimeSpan.FromSeconds(10));
    private readonly ConcurrentBag<string> _faults = [];
    private readonly Points _points = new();
    private readonly ConcurrentBag<TimeSpan> _startUps = [];
    private readonly ConcurrentBag<TimeSpan> _startUpWork = [];
    private readonly ConcurrentBag<TimeSpan> _convergences = [];
    private int _left;
    private int _deaths;
    private int _processes;

    /// <summary>Runs it.</summary>
    public async Task<RunResult> RunAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        var directory = RunDirectory.Make();
        await using var sandbox = await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = directory.Path, Seed = order.Seed }, CancellationToken.None);
        _left = order.Kills;
        // What is asked for is convergence within a minute of the restart. A call may be as late as its time-out, and a little on its way.
        var judgement = new Judgement(reach: _pace.CallTimeout + TimeSpan.FromSeconds(5), patience: Convergence.Within);
        var (grants, kills) = (0, 0);
        await Task.WhenAll(Enumerable.Range(1, order.Processes * order.Portals).Chunk(order.Portals).Select(async numbers =>
        {
            await using var group = await LaneGroup.OpenAsync(numbers, sandbox, directory.Path, _pace, order.Seed);
            try
            {
                await LiveAsync(group);
            }
            catch (Exception fault)
            {
                _faults.Add($"lanes {string.Join(", ", numbers)}: {fault}");
            }

            foreach (var life in group.Lives)
            {
                Interlocked.Add(ref grants, life.Lane.Desk.Promises.Count);
                Interlocked.Add(ref kills, life.Kills);
                await life.JudgeAsync(judgement);
                await RecordCheck.RunAsync(life.Lane, judgement);
            }
        }));

        var spent = TimeProvider.System.GetElapsedTime(began);
        // A few kills cannot pass everywhere; as many as are run before a change lands must.
        if (_points.Tried >= Failpoint.All.Count * 3 / 2)
            foreach (var (point, _) in _points.Hits.Where(p => p.Value == 0))
                _faults.Add($"Nobody was killed at {point}.");
        foreach (var violation in _faults.Concat(judgement.Violations).Take(40))
            Console.WriteLine(violation);
        var result = new RunResult
        {
            Kind = order.Kind,
            Database = order.Database,
            Seed = order.Seed,
            Trials = kills,
            Points = _points.Hits,
            Grants = grants,
            Violations = judgement.Counts(_faults.Count),
            Slowest = _convergences.DefaultIfEmpty().Max().TotalSeconds,
            Seconds = spent.TotalSeconds,
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{order.Kind} {order.Database} seed {order.Seed}: {kills} kills ({_processes} processes, {result.Points.Values.Sum()} of them at {result.Points.Count(p => p.Value > 0)} of {result.Points.Count} named points), {grants} grants; {result.Told}; slowest convergence {result.Slowest:0.0} s, median start {Median(_startUps).TotalMilliseconds:0} ms ({Median(_startUpWork).TotalMilliseconds:0} ms of a processor), {spent.TotalSeconds:0} s: {(result.Held ? "held" : "BROKEN")}"));
        directory.Close(keep: !result.Held);
        return result;
    }

    private async Task LiveAsync(LaneGroup group)
    {
        using var stop = new CancellationTokenSource();
        var busy = group.BusyAsync(stop.Token);
        while (Interlocked.Add(ref _left, -order.Portals) > -order.Portals)
        {
            await using var child = Child.Start();
            await DieAsync(group, child);
            Interlocked.Increment(ref _processes);
            foreach (var life in group.Lives)
                life.WasKilled();
            if (busy.Any(one => one.IsFaulted))
                break;
        }

        // Half of the trios are to be there at the end, the other half not.
        await stop.CancelAsync();
        await Task.WhenAll(busy);
        await Task.WhenAll(group.Lives.Select(async life =>
        {
            var people = group.PeopleOf(life);
            foreach (var trio in life.Lane.Estate.Trios.Where((_, i) => i % 2 == 0))
                await people.HoldAsync(trio);
        }));

        await using var last = Child.Start();
        await last.BeginAsync(group.Settings());
        await last.Ready;
        _convergences.Add(await group.ConvergeAsync("what was approved stands"));
        await Task.WhenAll(group.Lanes.Select(async lane =>
        {
            foreach (var promise in lane.Desk.Promises.Where(p => p.EndAskedFrom is null && p.EndsAt > TimeProvider.System.GetUtcNow()).ToList())
                await lane.Desk.EndAsync(promise, revoke: true);
        }));
        _convergences.Add(await group.ConvergeAsync("everything is taken back"));
        group.WasUp("worker", last.ReadyAt!.Value, TimeProvider.System.GetUtcNow());
        await last.CloseAsync();
    }

    private async Task DieAsync(LaneGroup group, Child child)
    {
        var random = group.Random;
        var started = TimeProvider.System.GetTimestamp();
        var settings = group.Settings();
        if (IsForPoint(Interlocked.Increment(ref _deaths)))
        {
            var point = _points.Choose(random);
            // Not always at the first time that it is passed by one of the portals.
            await child.BeginAsync(settings, new Dictionary<string, string> { [ProcessSettings.Failpoint] = $"kill {point} {random.Next(1, 1 + (2 * order.Portals))}" });
            await StartUpAsync(child, started);
            using var patience = new CancellationTokenSource(PatienceAtPoint);
            await child.GoneAsync(patience.Token);
            _points.Note(point, reached: child.AtPoint.IsCompletedSuccessfully);
        }
        else if (random.NextDouble() < 0.1)
        {
            // Some never get so far as to be ready.
            await child.BeginAsync(settings);
            await Task.Delay(random.Next(50, 600));
        }
        else
        {
            await child.BeginAsync(settings);
            await StartUpAsync(child, started);
            await Task.Delay(random.Next(0, LongestLife));
        }

        await child.KillAsync();
        if (child.ReadyAt is { } ready)
            group.WasUp("worker", ready, child.GoneAt);
    }

    // Half of the processes that host one portal. Of several portals one is at the point and the others somewhere in their work: of those three quarters.
    private bool IsForPoint(int death) => order.Portals == 1 ? death % 2 == 0 : death % 4 != 0;

    private async Task StartUpAsync(Child child, long started)
    {
        await child.Ready;
        _startUps.Add(TimeProvider.System.GetElapsedTime(started));
        if (child.ProcessorTime is { } work)
            _startUpWork.Add(work);
    }

    private static TimeSpan Median(IEnumerable<TimeSpan> spans) => spans.Order().ToList() is { Count: > 0 } sorted ? sorted[sorted.Count / 2] : TimeSpan.Zero;
}

/// <summary>What to kill.</summary>
/// <param name="Kills">How many portals are to be killed, or a few more.</param>
/// <param name="Seed">Where chance begins.</param>
/// <param name="Database"><c>sqlite</c> or <c>postgres</c>.</param>
/// <param name="Processes">How many processes at once.</param>
/// <param name="Portals">How many portals each of them hosts: as many die with it.</param>
internal sealed record KillOrder(int Kills, int Seed, string Database, int Processes, int Portals)
{
    /// <summary>What a file of results calls such a run.</summary>
    public string Kind => KindOf(Portals);

    /// <summary>What a file of results calls a run.</summary>
    public static string KindOf(int portals) => portals == 1 ? "kill" : "kill together";
}
