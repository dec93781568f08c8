using Portal.Core.Grants;
using Portal.Sandbox.ResourceManager;

namespace Portal.Reliability.Judging;

/// <summary>Compares what stood in the cloud with what the approved windows demand. The portal's database has no say.</summary>
/// <param name="reaction">For so long after a change, a call that was announced before it may still take effect.</param>
/// <param name="patience">How long a worker that is up may take to bring about what is due, what a dead one still held included.</param>
internal sealed class Judgement(TimeSpan reaction, TimeSpan patience)
{
    private readonly List<string> _violations = [];

    public IReadOnlyList<string> Violations => _violations;

    /// <summary>From when a role was due, or a worker was up again, to when it stood; one figure per time that it was due.</summary>
    public List<TimeSpan> GivingDelays { get; } = [];

    /// <summary>From when a role was due to go, or a worker was up again, to when it was gone.</summary>
    public List<TimeSpan> TakingDelays { get; } = [];

    public int Lost { get; private set; }

    public int Late { get; private set; }

    public int Early { get; private set; }

    public int Unfounded { get; private set; }

    public int Orphans { get; private set; }

    public int Stretched { get; private set; }

    public int Records { get; private set; }

    public int Fences { get; private set; }

    /// <summary>Judges one trio's whole life.</summary>
    /// <param name="who">Where it happened, for the report.</param>
    /// <param name="timeline">What stood.</param>
    /// <param name="promises">What was approved.</param>
    /// <param name="up">While a worker was there to do something about it.</param>
    public void Judge(string who, Timeline timeline, IReadOnlyList<Promise> promises, Spans up)
    {
        var present = timeline.Present();
        var certain = new Spans(promises.Select(p => p.Certain));
        var possible = new Spans(promises.Select(p => p.Possible));
        foreach (var change in timeline.Changes)
            JudgeChange(who, change, timeline, promises, possible);
        Lost += Wait(who, "needed and not there", certain, present, up, GivingDelays, timeline);
        Late += Wait(who, "not needed and still there", possible.Gaps(), present.Gaps(), up, TakingDelays, timeline);
    }

    /// <summary>An assignment with our mark that is left at the end and that nothing explains.</summary>
    public void Orphan(string who, string what)
    {
        Orphans++;
        _violations.Add($"{who}: orphan: {what}");
    }

    /// <summary>The portal's own record tells another story than the cloud: an event twice, an end that moved, a grant that never ended.</summary>
    public void Record(string who, string what)
    {
        Records++;
        _violations.Add($"{who}: record: {what}");
    }

    /// <summary>Something was saved by someone who did not hold the claim.</summary>
    public void Fence(string who, string what)
    {
        Fences++;
        _violations.Add($"{who}: fence: {what}");
    }

    private void JudgeChange(string who, AssignmentChange change, Timeline timeline, IReadOnlyList<Promise> promises, Spans possible)
    {
        if (change.Kind == AssignmentChangeKind.Removed)
        {
            if (promises.FirstOrDefault(p => p.Certain.Without(reaction).Holds(change.At)) is { } robbed)
            {
                Early++;
                _violations.Add($"{who}: removed at {change.At:HH:mm:ss.fff} although approved {robbed.Certain}. {timeline}");
            }

            return;
        }

        if (!possible.Touch(new Span(change.At - reaction, change.At + TimeSpan.FromMilliseconds(1))))
        {
            Unfounded++;
            _violations.Add($"{who}: written at {change.At:HH:mm:ss.fff} although nothing that was approved needed it. {timeline}");
        }

        if (AssignmentMark.UntilOf(change.Assignment.Description) is not { } until || !promises.Any(p => p.ApprovedFrom <= change.At && p.EndsAt == until))
        {
            Stretched++;
            _violations.Add($"{who}: written at {change.At:HH:mm:ss.fff} with an end that nobody approved: {change.Assignment.Description}");
        }
    }

    // While something should be so and a worker is up, it must become so within the worker's patience and stay so.
    private int Wait(string who, string what, Spans due, Spans done, Spans up, List<TimeSpan> delays, Timeline timeline)
    {
        var violations = 0;
        foreach (var span in due.All.SelectMany(up.Within))
        {
            var first = done.Within(span).FirstOrDefault();
            if (!first.IsEmpty && first.From > span.From)
                delays.Add(first.From - span.From);
            var rest = span.Without(patience);
            var missing = new Spans(done.Within(rest)).Gaps().Within(rest).FirstOrDefault();
            if (rest.IsEmpty || missing.IsEmpty)
                continue;
            violations++;
            _violations.Add($"{who}: {what} in {missing}, due with a worker up in {span}. {timeline}");
        }

        return violations;
    }
}
