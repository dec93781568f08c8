using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Reliability.Judging;
using Portal.Reliability.World;
using Portal.Sandbox;

namespace Portal.Reliability;

/// <summary>Kills workers at random instants and at every named step, starts others, and compares what is left in the cloud with what was approved.</summary>
internal sealed class KillRun(KillOrder order)
{
    private static readonly TimeSpan Converges = TimeSpan.FromSeconds(60);

    private readonly LanePace _pace = new(order.Database, Lease: TimeSpan.FromSeconds(2), LookEvery: TimeSpan.FromMilliseconds(100), CallTimeout: TimeSpan.FromSeconds(10));
    private readonly ConcurrentBag<string> _faults = [];
    private readonly ConcurrentBag<TimeSpan> _startUps = [];
    private readonly ConcurrentBag<TimeSpan> _convergences = [];
    private int _kills;
    private int _left;

    /// <summary>Runs it.</summary>
    /// <returns>Whether all held.</returns>
    public async Task<bool> RunAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        var directory = RunDirectory.Make();
        await using var sandbox = await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = directory.Path, Seed = order.Seed }, CancellationToken.None);
        _left = order.Kills;
        var judgement = new Judgement(reaction: TimeSpan.FromSeconds(2), patience: _pace.Lease + TimeSpan.FromSeconds(8));
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

            lock (judgement)
            {
                grants += lane.Desk.Promises.Count;
                life.Judge(judgement);
            }

            await RecordCheck.RunAsync(lane, judgement);
        }));

        var spent = TimeProvider.System.GetElapsedTime(began);
        foreach (var violation in judgement.Violations.Concat(_faults).Take(40))
            Console.WriteLine(violation);
        var held = judgement.Violations.Count == 0 && _faults.IsEmpty;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"kill {order.Database} seed {order.Seed}: {_kills} kills, {grants} grants; lost {judgement.Lost}, orphans {judgement.Orphans}, double {judgement.Unfounded}, early {judgement.Early}, late {judgement.Late}, stretched {judgement.Stretched}, records {judgement.Records}, faults {_faults.Count}; slowest convergence {_convergences.DefaultIfEmpty().Max().TotalSeconds:0.0} s, median start {Median(_startUps).TotalMilliseconds:0} ms, {spent.TotalSeconds:0} s: {(held ? "held" : "BROKEN")}"));
        directory.Close(keep: !held);
        return held;
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
        _convergences.Add(await ConvergeAsync(life.Lane, "what was approved stands"));
        foreach (var promise in life.Lane.Desk.Promises.Where(p => p.EndAskedFrom is null && p.EndsAt > TimeProvider.System.GetUtcNow()).ToList())
            await life.Lane.Desk.EndAsync(promise, revoke: true);
        _convergences.Add(await ConvergeAsync(life.Lane, "everything is taken back"));
        life.WasUp(last.ReadyAt!.Value, TimeProvider.System.GetUtcNow());
        await last.CloseAsync();
    }

    private async Task DieAsync(LaneLife life, Child child)
    {
        var random = life.Random;
        var started = TimeProvider.System.GetTimestamp();
        await child.BeginAsync(life.Lane.Settings());
        if (random.NextDouble() < 0.1)
        {
            // Some never get so far as to be ready.
            await Task.Delay(random.Next(100, 900));
        }
        else
        {
            await child.Ready;
            _startUps.Add(TimeProvider.System.GetElapsedTime(started));
            await Task.Delay(random.Next(0, 1200));
        }

        await child.KillAsync();
        if (child.ReadyAt is { } ready)
            life.WasUp(ready, TimeProvider.System.GetUtcNow());
    }

    private static async Task<TimeSpan> ConvergeAsync(Lane lane, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!lane.IsAsApproved() || !await lane.IsSettledAsync())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Converges)
                throw new TimeoutException($"Within {Converges.TotalSeconds} s it was not so that {what}: {string.Join("; ", lane.Standing().Select(a => $"{a.Name} {a.Description}"))}");
            await Task.Delay(50);
        }

        return TimeProvider.System.GetElapsedTime(began);
    }

    private static TimeSpan Median(IEnumerable<TimeSpan> spans) => spans.Order().ToList() is { Count: > 0 } sorted ? sorted[sorted.Count / 2] : TimeSpan.Zero;
}

/// <summary>What to kill.</summary>
/// <param name="Kills">How many times.</param>
/// <param name="Seed">Where chance begins.</param>
/// <param name="Database"><c>sqlite</c> or <c>postgres</c>.</param>
/// <param name="Lanes">How many at once.</param>
internal sealed record KillOrder(int Kills, int Seed, string Database, int Lanes);
