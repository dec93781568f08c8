using Portal.Reliability.Judging;

namespace Portal.Reliability.World;

/// <summary>A lane and while it had a worker.</summary>
internal sealed class LaneLife(Lane lane, Random random)
{
    private readonly List<Span> _up = [];

    public Lane Lane => lane;

    public Random Random => random;

    public void WasUp(DateTimeOffset from, DateTimeOffset to) => _up.Add(new Span(from, to));

    /// <summary>Judges every trio, and what is left over.</summary>
    public void Judge(Judgement judgement)
    {
        var up = new Spans(_up);
        foreach (var trio in lane.Estate.Trios)
            judgement.Judge($"lane {lane.Number}, {trio}", lane.TimelineOf(trio), [.. lane.Desk.Promises.Where(p => p.Trio == trio)], up);
        var now = TimeProvider.System.GetUtcNow();
        foreach (var left in lane.Standing().Where(a => !lane.Desk.Promises.Any(p => p.Trio.Name == a.Name && p.Possible.Holds(now))))
            judgement.Orphan($"lane {lane.Number}", $"{left.Id} {left.Description}");
    }
}
