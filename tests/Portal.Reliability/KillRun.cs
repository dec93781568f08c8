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
    private readonly ConcurrentDictionary<string, int> _points = new(Failpoint.All.ToDictionary(p => p, _ => 0));
    private readonly ConcurrentBag<TimeSpan> _startUps = [];
    private readonly ConcurrentBag<TimeSpan> _startUpWork = [];
    private readonly ConcurrentBag<TimeSpan> _convergences = [];
    private int _kills;
    private int _left;

    /// <summary>Runs it.</summary>
    public async Task<RunResult> RunAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        var directory = RunDirectory.Make();
        await using var sandbox = await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = directory.Path, Seed = order.Seed }, CancellationToken.None);
        _left = order.Kills;
        // What is asked for is convergence within a minute of the restart. A call may be as late as its time-out, and a little on its way.
        var judgement = new Judgement(reach: _pace.CallTimeout + TimeSpan.FromSeconds(5), patience: Convergence.Within);
        var grants = 0;
        await Task.WhenAll(Enumerable.Range(1, order.Lanes).Select(async number =>
        {
            await using var lane = await Lane.OpenAsync(number, sandbox, order.Database, directory.Path, _pace);
            var life = new LaneLife(lane, new Random(unchecked((order.Seed * 7919) + number)));
            try
            {
                await LiveAsync(life);
            }
            catch (Exception fault)
            {
                _faults.Add($"lane {number}: {fault}");
            }

            Interlocked.Add(ref grants, lane.Desk.Promises.Count);
            await life.JudgeAsync(judgement);
            await RecordCheck.RunAsync(lane, judgement);
        }));

        var spent = TimeProvider.System.GetElapsedTime(began);
        // A few kills cannot pass everywhere; as many as are run before a change lands must.
        if (order.Kills >= Failpoint.All.Count * 8)
            foreach (var missed in _points.Where(p => p.Value == 0))
                _faults.Add($"Nobody was killed at {missed.Key}.");
        foreach (var violation in _faults.Concat(judgement.Violations).Take(40))
            Console.WriteLine(violation);
        var result = new RunResult
        {
            Kind = "kill",
            Database = order.Database,
            Seed = order.Seed,
            Trials = _kills,
            Points = new SortedDictionary<string, int>(_points, StringComparer.Ordinal),
            Grants = grants,
            Violations = judgement.Counts(_faults.Count),
            Slowest = _convergences.DefaultIfEmpty().Max().TotalSeconds,
            Seconds = spent.TotalSeconds,
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"kill {order.Database} seed {order.Seed}: {_kills} kills ({_points.Values.Sum()} at {_points.Count(p => p.Value > 0)} of {_points.Count} named points), {grants} grants; {result.Told}; slowest convergence {result.Slowest:0.0} s, median start {Median(_startUps).TotalMilliseconds:0} ms ({Median(_startUpWork).TotalMilliseconds:0} ms of a processor), {spent.TotalSeconds:0} s: {(result.Held ? "held" : "BROKEN")}"));
        directory.Close(keep: !result.Held);
        return result;
    }

    private async Task LiveAsync(LaneLife life)
    {
        using var stop = new CancellationTokenSource();
        var busy = new People(life.Lane, life.Random).BusyAsync(stop.Token);
        while (Interlocked.Decrement(ref _left) >= 0)
        {
            await using var child = Child.Start();
            await DieAsync(life, child);
            Interlocked.Increment(ref _kills);
            if (busy.IsFaulted)
                break;
        }

        // Half of the trios are to be there at the end, the other half not.
        await stop.CancelAsync();
        await busy;
        var people = new People(life.Lane, life.Random);
        foreach (var trio in life.Lane.Estate.Trios.Where((_, i) => i % 2 == 0))
            await people.HoldAsync(trio);

        await using var last = Child.Start();
        await last.BeginAsync(life.Lane.Settings());
        await last.Ready;
        _convergences.Add(await Convergence.OfAsync(life.Lane, "what was approved stands"));
        foreach (var promise in life.Lane.Desk.Promises.Where(p => p.EndAskedFrom is null && p.EndsAt > TimeProvider.System.GetUtcNow()).ToList())
            await life.Lane.Desk.EndAsync(promise, revoke: true);
        _convergences.Add(await Convergence.OfAsync(life.Lane, "everything is taken back"));
        life.WasUp("worker", last.ReadyAt!.Value, TimeProvider.System.GetUtcNow());
        await last.CloseAsync();
    }

    private async Task DieAsync(LaneLife life, Child child)
    {
        var random = life.Random;
        var started = TimeProvider.System.GetTimestamp();
        var settings = life.Lane.Settings();
        var death = random.NextDouble();
        if (death < 0.05)
        {
            // Some never get so far as to be ready.
            await child.BeginAsync(settings);
            await Task.Delay(random.Next(50, 600));
        }
        else if (death < 0.5)
        {
            await child.BeginAsync(settings);
            await StartUpAsync(child, started);
            await Task.Delay(random.Next(0, LongestLife));
        }
        else
        {
            // At a point: one that was passed least so far, at the first, second or third time.
            var point = _points.OrderBy(p => p.Value).ThenBy(_ => random.Next()).First().Key;
            settings[WorkerSettings.Failpoint] = $"kill {point} {random.Next(1, 3)}";
            await child.BeginAsync(settings);
            await StartUpAsync(child, started);
            using var patience = new CancellationTokenSource(PatienceAtPoint);
            await child.GoneAsync(patience.Token);
            if (child.AtPoint.IsCompletedSuccessfully)
                _points.AddOrUpdate(await child.AtPoint, 1, (_, n) => n + 1);
        }

        await child.KillAsync();
        if (child.ReadyAt is { } ready)
            life.WasUp("worker", ready, child.GoneAt);
    }

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
/// <param name="Kills">How many times.</param>
/// <param name="Seed">Where chance begins.</param>
/// <param name="Database"><c>sqlite</c> or <c>postgres</c>.</param>
/// <param name="Lanes">How many at once.</param>
internal sealed record KillOrder(int Kills, int Seed, string Database, int Lanes);
