using System.Collections.Concurrent;
using System.Globalization;
using Portal.Reliability.Judging;
using Portal.Reliability.Worker;
using Portal.Reliability.World;
using Portal.Sandbox;

namespace Portal.Reliability;

/// <summary>Two workers on one PostgreSQL database. In each round one of them stands still for longer than its lease, or is cut off from the database or from the cloud; the other has to go on for both, and the first must spoil nothing when it comes back.</summary>
internal sealed class TwoInstancesRun(TwoInstancesOrder order)
{
    private readonly LanePace _pace = new(WorkerSettings.PostgreSql, Lease: TimeSpan.FromSeconds(3), LookEvery: TimeSpan.FromMilliseconds(200), CallTimeout: TimeSpan.FromSeconds(2));
    private readonly ConcurrentBag<string> _faults = [];
    private readonly ConcurrentDictionary<string, int> _outages = [];
    private int _left;
    private int _rounds;

    /// <summary>How long taking over may last: 45 s at the production lease of 30 s, so one and a half leases; and a little for a machine that runs all these processes at once.</summary>
    private TimeSpan TakeOver => (_pace.Lease * 1.5) + TimeSpan.FromSeconds(2.5);

    /// <summary>Runs it.</summary>
    /// <returns>Whether all held.</returns>
    public async Task<bool> RunAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        var directory = RunDirectory.Make();
        await using var sandbox = await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = directory.Path, Seed = order.Seed }, CancellationToken.None);
        _left = order.Rounds;
        // A call that was announced may come as late as its process stood still.
        var judgement = new Judgement(reaction: _pace.Lease + TimeSpan.FromSeconds(4), patience: TakeOver);
        var (grants, outcomes) = (0, 0);
        await Task.WhenAll(Enumerable.Range(1, order.Lanes).Select(async number =>
        {
            await using var lane = await Lane.OpenAsync(number, sandbox, WorkerSettings.PostgreSql, directory.Path, _pace);
            await FenceRecord.InstallAsync(lane);
            var life = new LaneLife(lane, new Random(unchecked((order.Seed * 7919) + number)));
            try
            {
                await LiveAsync(life, sandbox.Addresses.HttpsPort);
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
            var saved = await FenceRecord.JudgeAsync(lane, judgement);
            Interlocked.Add(ref outcomes, saved);
        }));

        foreach (var violation in judgement.Violations.Concat(_faults).Take(40))
            Console.WriteLine(violation);
        var held = judgement.Violations.Count == 0 && _faults.IsEmpty;
        var slowest = judgement.GivingDelays.Concat(judgement.TakingDelays).DefaultIfEmpty().Max();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"two instances seed {order.Seed}: {_rounds} rounds ({string.Join(", ", _outages.OrderBy(o => o.Key).Select(o => $"{o.Value} {o.Key}"))}), {grants} grants, {outcomes} outcomes; under an old number {judgement.Fences}, records {judgement.Records}, not taken over in {TakeOver.TotalSeconds:0.0} s {judgement.Lost + judgement.Late} (slowest {slowest.TotalSeconds:0.0} s at a lease of {_pace.Lease.TotalSeconds:0} s), early {judgement.Early}, orphans {judgement.Orphans}, double {judgement.Unfounded}, stretched {judgement.Stretched}, faults {_faults.Count}; {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s: {(held ? "held" : "BROKEN")}"));
        directory.Close(keep: !held);
        return held;
    }

    private async Task LiveAsync(LaneLife life, int cloudPort)
    {
        await using var one = await Instance.StartAsync(life.Lane, cloudPort);
        await using var two = await Instance.StartAsync(life.Lane, cloudPort);
        await WarmUpAsync(life.Lane, one, two);
        await WarmUpAsync(life.Lane, two, one);
        var up = TimeProvider.System.GetUtcNow();
        using var stop = new CancellationTokenSource();
        var people = new People(life.Lane, life.Random);
        var busy = people.BusyAsync(stop.Token);
        while (Interlocked.Decrement(ref _left) >= 0)
        {
            await RoundAsync(life.Random, life.Random.Next(2) == 0 ? one : two);
            Interlocked.Increment(ref _rounds);
        }

        await stop.CancelAsync();
        await busy;
        var left = life.Lane.Desk.Promises.Max(p => p.EndsAt) - TimeProvider.System.GetUtcNow();
        await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        await Convergence.OfAsync(life.Lane, "all that was approved has run out");
        life.WasUp(up, TimeProvider.System.GetUtcNow());
        await one.Child.CloseAsync();
        await two.Child.CloseAsync();
    }

    // A process's first call takes long, as everything in it does the first time; that is no part of what is measured.
    private static async Task WarmUpAsync(Lane lane, Instance warm, Instance still)
    {
        still.Child.Freeze();
        var promise = await lane.Desk.PromiseAsync(lane.Estate.Trios[0], TimeSpan.FromMinutes(5));
        await Convergence.OfAsync(lane, "the first grant is given");
        await lane.Desk.EndAsync(promise, revoke: false);
        await Convergence.OfAsync(lane, "the first grant is taken back");
        still.Child.Thaw();
    }

    private async Task RoundAsync(Random random, Instance victim)
    {
        var outage = (Outage)random.Next(4);
        _outages.AddOrUpdate(outage.ToString(), 1, (_, n) => n + 1);
        switch (outage)
        {
            case Outage.Frozen:
                victim.Child.Freeze();
                break;
            case Outage.FrozenAtPoint:
                await victim.Child.ArmAsync($"freeze {Failpoint.All[random.Next(Failpoint.All.Count)]} 1");
                await Task.WhenAny(victim.Child.AtPoint, Task.Delay(TimeSpan.FromSeconds(2)));
                if (!victim.Child.AtPoint.IsCompleted)
                    victim.Child.Freeze();
                break;
            case Outage.CutFromDatabase:
                victim.Database.Cut();
                break;
            case Outage.CutFromCloud:
                victim.Cloud.Cut();
                break;
        }

        await Task.Delay(_pace.Lease + TimeSpan.FromMilliseconds(random.Next(300, 1500)));
        victim.Child.Thaw();
        victim.Database.Mend();
        victim.Cloud.Mend();
        if (outage == Outage.FrozenAtPoint && !victim.Child.AtPoint.IsCompleted)
            await victim.Child.ArmAsync(Failpoint.Disarm);
        await Task.Delay(random.Next(200, 700));
        // Where the order to disarm came too late it stands still now.
        victim.Child.Thaw();
    }

    private enum Outage
    {
        Frozen,
        FrozenAtPoint,
        CutFromDatabase,
        CutFromCloud,
    }

    private sealed class Instance(Child child, Relay cloud, Relay database) : IAsyncDisposable
    {
        public Child Child => child;

        public Relay Cloud => cloud;

        public Relay Database => database;

        public static async Task<Instance> StartAsync(Lane lane, int cloudPort)
        {
            var instance = new Instance(Child.Start(), new Relay(cloudPort), new Relay(lane.Database.ServerPort));
            await instance.Child.BeginAsync(lane.Settings(instance.Cloud.Port, instance.Database.Port));
            await instance.Child.Ready;
            return instance;
        }

        public async ValueTask DisposeAsync()
        {
            await child.DisposeAsync();
            await cloud.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}

/// <summary>How many rounds.</summary>
/// <param name="Rounds">Rounds in all.</param>
/// <param name="Seed">Where chance begins.</param>
/// <param name="Lanes">How many pairs at once.</param>
internal sealed record TwoInstancesOrder(int Rounds, int Seed, int Lanes);
