using Portal.Reliability.Judging;

namespace Portal.Reliability.World;

/// <summary>What people do at a lane's desk, from a seed: they get windows of seconds approved, overlapping ones too, give some back and have some revoked.</summary>
/// <param name="lane">The lane.</param>
/// <param name="random">What decides.</param>
/// <param name="beside">How many lanes share the process of this one's portal: with several of them each is half as busy, or what their people do would be most of what the machine does.</param>
internal sealed class People(Lane lane, Random random, int beside)
{
    // Milliseconds from one thing that somebody does to the next.
    private readonly (int Shortest, int Longest) _breath = beside > 1 ? (300, 1200) : (120, 600);

    /// <summary>Goes on until it is told to stop.</summary>
    public async Task BusyAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await ActAsync();
            await Task.Delay(random.Next(_breath.Shortest, _breath.Longest), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One thing that somebody does.</summary>
    public async Task ActAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        var open = lane.Desk.Promises.Where(p => p.EndAskedFrom is null && p.EndsAt > now).ToList();
        if (open.Count > 0 && random.NextDouble() < 0.3)
            await lane.Desk.EndAsync(open[random.Next(open.Count)], revoke: random.Next(2) == 0);
        else if (open.Count < 10)
            await lane.Desk.PromiseAsync(Any(), TimeSpan.FromMilliseconds(random.Next(600, 5000)), random.Next(4) == 0 ? TimeSpan.FromMilliseconds(random.Next(100, 2000)) : null);
    }

    /// <summary>Someone gets a window that outlasts the run.</summary>
    public Task HoldAsync(Trio trio) => lane.Desk.PromiseAsync(trio, TimeSpan.FromMinutes(30));

    private Trio Any() => lane.Estate.Trios[random.Next(lane.Estate.Trios.Count)];
}
