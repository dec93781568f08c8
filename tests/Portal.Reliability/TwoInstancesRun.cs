using System.Collections.Concurrent;
using System.Globalization;
using Portal.Azure;
using Portal.Core.Grants;
using Portal.Reliability.Judging;
using Portal.Reliability.Worker;
using Portal.Reliability.World;
using Portal.Sandbox;

namespace Portal.Reliability;

/// <summary>Two workers on one PostgreSQL database. In each round one of them stands still for longer than its lease, or is cut off from the database or from the cloud; the other has to go on for both, and the first must spoil nothing when it comes back.</summary>
internal sealed class TwoInstancesRun(TwoInstancesOrder order)
{
    private const int RoundsOnEnd = 3;

    private readonly LanePace _pace = order.Production
        ? new(WorkerSettings.PostgreSql, new GrantPace().Lease, new GrantPace().LookEvery, new CloudOptions().CallTimeout)
        : new(WorkerSettings.PostgreSql, Lease: TimeSpan.FromSeconds(3), LookEvery: TimeSpan.FromMilliseconds(200), CallTimeout: TimeSpan.FromSeconds(2));
    private readonly ConcurrentBag<string> _faults = [];
    private readonly ConcurrentDictionary<string, int> _outages = [];
    private readonly ConcurrentQueue<Span> _stalls = new();
    private int _left;
    private int _rounds;

    /// <summary>How long taking over may last: 45 s at the production figures, 15 s after the lease of 30 s; with a tenth of that lease, 5 s after it.</summary>
    /// <remarks>What comes after the lease is the same work, on a machine that runs all these processes at once.</remarks>
    private TimeSpan TakeOver => _pace.Lease + TimeSpan.FromSeconds(order.Production ? 15 : 5);

    /// <summary>Runs it.</summary>
    public async Task<RunResult> RunAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        var directory = RunDirectory.Make();
        await using var sandbox = await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = directory.Path, Seed = order.Seed }, CancellationToken.None);
        _left = order.Rounds;
        await using var pulse = new Pulse((due, came) => _stalls.Enqueue(new Span(due, came)));
        // A call that was announced may come as late as its process stood still.
        var judgement = new Judgement(reach: _pace.Lease + _pace.CallTimeout + TimeSpan.FromSeconds(5), patience: TakeOver);
        var (grants, outcomes) = (0, 0);
        await Task.WhenAll(Enumerable.Range(1, order.Pairs * order.Portals).Chunk(order.Portals).Select(async numbers =>
        {
            await using var group = await LaneGroup.OpenAsync(numbers, sandbox, directory.Path, _pace, order.Seed);
            foreach (var lane in group.Lanes)
                await FenceRecord.InstallAsync(lane);
            try
            {
                await LiveAsync(group, sandbox.Addresses.HttpsPort);
            }
            catch (Exception fault)
            {
                _faults.Add($"lanes {string.Join(", ", numbers)}: {fault}");
            }

            foreach (var life in group.Lives)
            {
                Interlocked.Add(ref grants, life.Lane.Desk.Promises.Count);
                await life.JudgeAsync(judgement);
                await RecordCheck.RunAsync(life.Lane, judgement);
                var saved = await FenceRecord.JudgeAsync(life.Lane, judgement);
                Interlocked.Add(ref outcomes, saved);
            }
        }));

        foreach (var violation in _faults.Concat(judgement.Violations).Take(40))
            Console.WriteLine(violation);
        var result = new RunResult
        {
            Kind = order.Kind,
            Database = WorkerSettings.PostgreSql,
            Seed = order.Seed,
            Trials = _rounds,
            Points = new SortedDictionary<string, int>(_outages, StringComparer.Ordinal),
            Grants = grants,
            Violations = judgement.Counts(_faults.Count),
            Slowest = judgement.GivingDelays.Concat(judgement.TakingDelays).DefaultIfEmpty().Max().TotalSeconds,
            Seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds,
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{order.Kind} seed {order.Seed}: {_rounds} rounds ({string.Join(", ", _outages.OrderBy(o => o.Key).Select(o => $"{o.Value} {o.Key}"))}), {grants} grants, {outcomes} outcomes; {result.Told}; slowest taking over {result.Slowest:0.0} s of {TakeOver.TotalSeconds:0.0} s at a lease of {_pace.Lease.TotalSeconds:0} s, this process stood still for {_stalls.Sum(s => (s.To - s.From).TotalSeconds):0.0} s of {result.Seconds:0} s: {(result.Held ? "held" : "BROKEN")}"));
        directory.Close(keep: !result.Held);
        return result;
    }

    private async Task LiveAsync(LaneGroup group, int cloudPort)
    {
        await using var one = await Instance.StartAsync("one", group, cloudPort);
        await using var two = await Instance.StartAsync("two", group, cloudPort);
        await WarmUpAsync(group, still: two);
        await WarmUpAsync(group, still: one);
        one.WholeSince = two.WholeSince = TimeProvider.System.GetUtcNow();
        using var stop = new CancellationTokenSource();
        var busy = Task.WhenAll(group.BusyAsync(stop.Token));
        // Each of them is out for some rounds on end: only while the other stays whole can it be asked to have taken over in time.
        var (victim, other) = group.Random.Next(2) == 0 ? (one, two) : (two, one);
        for (var round = 1; Interlocked.Add(ref _left, -order.Portals) > -order.Portals; round++)
        {
            await RoundAsync(group, victim);
            Interlocked.Add(ref _rounds, order.Portals);
            if (round % RoundsOnEnd == 0)
                (victim, other) = (other, victim);
        }

        await stop.CancelAsync();
        await busy;
        var left = group.Lanes.SelectMany(lane => lane.Desk.Promises).Max(p => p.Possible.To) - TimeProvider.System.GetUtcNow();
        // And a little, so that nothing that still stands by right at the last instant is taken for converged.
        await Task.Delay((left > TimeSpan.Zero ? left : TimeSpan.Zero) + TimeSpan.FromMilliseconds(100));
        await group.ConvergeAsync("all that was approved has run out");
        foreach (var instance in (Instance[])[one, two])
        {
            group.WasUp(instance.Name, instance.WholeSince, TimeProvider.System.GetUtcNow());
            foreach (var life in group.Lives)
                life.Stalled(instance.Name, instance.Child.Stalls.Concat(_stalls));
        }

        await one.Child.CloseAsync();
        await two.Child.CloseAsync();
    }

    // A process's first call takes long, as everything in it does the first time; that is no part of what is measured.
    private static async Task WarmUpAsync(LaneGroup group, Instance still)
    {
        still.Child.Freeze();
        var promises = await Task.WhenAll(group.Lanes.Select(async lane => (Lane: lane, Promise: await lane.Desk.PromiseAsync(lane.Estate.Trios[0], TimeSpan.FromMinutes(5)))));
        await group.ConvergeAsync("the first grant is given");
        await Task.WhenAll(promises.Select(p => p.Lane.Desk.EndAsync(p.Promise!, revoke: false)));
        await group.ConvergeAsync("the first grant is taken back");
        still.Child.Thaw();
    }

    private async Task RoundAsync(LaneGroup group, Instance victim)
    {
        var random = group.Random;
        group.WasUp(victim.Name, victim.WholeSince, TimeProvider.System.GetUtcNow());
        var outage = (Outage)random.Next(4);
        _outages.AddOrUpdate(outage.ToString(), order.Portals, (_, n) => n + order.Portals);
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
        victim.WholeSince = TimeProvider.System.GetUtcNow();
    }

    private enum Outage
    {
        Frozen,
        FrozenAtPoint,
        CutFromDatabase,
        CutFromCloud,
    }

    private sealed class Instance(string name, Child child, Relay cloud, Relay database) : IAsyncDisposable
    {
        public string Name => name;

        /// <summary>Since when nothing has been in its way.</summary>
        public DateTimeOffset WholeSince { get; set; }

        public Child Child => child;

        public Relay Cloud => cloud;

        public Relay Database => database;

        public static async Task<Instance> StartAsync(string name, LaneGroup group, int cloudPort)
        {
            var instance = new Instance(name, Child.Start(), new Relay(cloudPort), new Relay(group.Lanes.First().Database.ServerPort));
            await instance.Child.BeginAsync(group.Settings(instance.Cloud.Port, instance.Database.Port), new Dictionary<string, string> { [ProcessSettings.Pulse] = "yes" });
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
/// <param name="Rounds">Rounds in all, or a few more: one for each portal whose two instances were parted.</param>
/// <param name="Seed">Where chance begins.</param>
/// <param name="Pairs">How many pairs of processes at once.</param>
/// <param name="Portals">How many portals each pair hosts, an instance of each in each process.</param>
/// <param name="Production">Whether lease, looks and time-outs are those of production, and not a tenth of them.</param>
internal sealed record TwoInstancesOrder(int Rounds, int Seed, int Pairs, int Portals, bool Production)
{
    /// <summary>What a file of results calls such a run.</summary>
    public string Kind => KindOf(Production, Portals);

    /// <summary>What a file of results calls a run.</summary>
    public static string KindOf(bool production, int portals) => (production ? "two at production figures" : "two") + (portals == 1 ? "" : " together");
}
