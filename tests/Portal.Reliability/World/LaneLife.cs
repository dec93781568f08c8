using Portal.Reliability.Judging;

namespace Portal.Reliability.World;

/// <summary>A lane and while its workers could do something about it.</summary>
internal sealed class LaneLife(Lane lane, Random random)
{
    private readonly Dictionary<string, List<Span>> _up = [];
    private readonly Dictionary<string, List<Span>> _stalls = [];

    public Lane Lane => lane;

    public Random Random => random;

    /// <summary>How many of its portals were killed.</summary>
    public int Kills { get; private set; }

    /// <summary>The process that hosted its portal was killed.</summary>
    public void WasKilled() => Kills++;

    /// <summary>A worker was there from one instant to another, and nothing was in its way.</summary>
    /// <param name="who">Which worker, where several take turns or are there at once: what one of them leaves undone is not made up for by the other.</param>
    /// <param name="from">From when on.</param>
    /// <param name="to">Until when.</param>
    public void WasUp(string who, DateTimeOffset from, DateTimeOffset to)
    {
        if (!_up.TryGetValue(who, out var spans))
            _up[who] = spans = [];
        spans.Add(new Span(from, to));
    }

    /// <summary>The machine had no time for a worker.</summary>
    public void Stalled(string who, IEnumerable<Span> spans)
    {
        if (!_stalls.TryGetValue(who, out var all))
            _stalls[who] = all = [];
        all.AddRange(spans);
    }

    /// <summary>Judges every trio, and what is left over.</summary>
    public async Task JudgeAsync(Judgement judgement)
    {
        var announcements = await Announcement.AllOfAsync(lane);
        lock (judgement)
            Judge(judgement, announcements);
    }

    private void Judge(Judgement judgement, ILookup<Guid, Announcement> announcements)
    {
        var workers = _up.Select(worker => new Attendance(new Spans(worker.Value), new Spans(_stalls.GetValueOrDefault(worker.Key) ?? []))).ToList();
        foreach (var trio in lane.Estate.Trios)
            judgement.Judge($"lane {lane.Number}, {trio}", lane.TimelineOf(trio), [.. lane.Desk.Promises.Where(p => p.Trio == trio)], [.. announcements[trio.Name]], workers);
        var now = TimeProvider.System.GetUtcNow();
        foreach (var left in lane.Standing().Where(a => !lane.Desk.Promises.Any(p => p.Trio.Name == a.Name && p.Possible.Holds(now))))
            judgement.Orphan($"lane {lane.Number}", $"{left.Id} {left.Description}");
    }
}
