using Portal.Core.Grants;
using Portal.Sandbox.ResourceManager;

namespace Portal.Reliability.Judging;

/// <summary>Compares what stood in the cloud with what the approved windows demand. The portal's database has no say.</summary>
/// <param name="reach">How long after its announcement a call may take effect.</param>
/// <param name="patience">How long a worker that is up may take to bring about what is due, what a dead one still held included.</param>
internal sealed class Judgement(TimeSpan reach, TimeSpan patience)
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

    /// <summary>How many there were of each kind.</summary>
    /// <param name="faults">How often the run itself failed.</param>
    public SortedDictionary<string, int> Counts(int faults) => new(StringComparer.Ordinal)
    {
        ["lost"] = Lost,
        ["late"] = Late,
        ["early"] = Early,
        ["double"] = Unfounded,
        ["stretched"] = Stretched,
        ["orphans"] = Orphans,
        ["records"] = Records,
        ["under an old number"] = Fences,
        ["faults"] = faults,
    };

    /// <summary>Judges one trio's whole life.</summary>
    /// <param name="who">Where it happened, for the report.</param>
    /// <param name="timeline">What stood.</param>
    /// <param name="promises">What was approved.</param>
    /// <param name="announcements">What the portal announced for it, in order.</param>
    /// <param name="workers">While each worker was there to do something about it.</param>
    public void Judge(string who, Timeline timeline, IReadOnlyList<Promise> promises, IReadOnlyList<Announcement> announcements, IReadOnlyCollection<Attendance> workers)
    {
        var present = timeline.Present();
        var certain = new Spans(promises.Select(p => p.Certain));
        var possible = new Spans(promises.Select(p => p.Possible));
        foreach (var change in timeline.Changes)
            JudgeEnd(who, change, promises);
        JudgeCalls(who, timeline, announcements, certain, possible);
        foreach (var worker in workers)
        {
            Lost += Wait(who, "needed and not there", certain.All, present, worker, GivingDelays, timeline);
            Late += Wait(who, "not needed and still there", Left(present, possible), present.Gaps(), worker, TakingDelays, timeline);
        }
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

    private void JudgeEnd(string who, AssignmentChange change, IReadOnlyList<Promise> promises)
    {
        if (change.Kind == AssignmentChangeKind.Removed)
            return;
        if (AssignmentMark.UntilOf(change.Assignment.Description) is not { } until || !promises.Any(p => p.ApprovedFrom <= change.At && p.EndsAt == until))
        {
            Stretched++;
            _violations.Add($"{who}: written at {change.At:HH:mm:ss.fff} with an end that nobody approved: {change.Assignment.Description}");
        }
    }

    // A call takes effect some time after it was announced, however fast the machine is. So what counts is whether it was right when it was announced; and one announcement takes away once.
    private void JudgeCalls(string who, Timeline timeline, IReadOnlyList<Announcement> announcements, Spans certain, Spans possible)
    {
        var removals = announcements.Where(a => a.Call == AssignmentIntent.Delete).ToList();
        foreach (var change in timeline.Changes)
        {
            var instant = new Span(change.At, change.At + TimeSpan.FromMilliseconds(1));
            if (change.Kind == AssignmentChangeKind.Removed)
            {
                var robs = certain.Touch(instant);
                var at = removals.FindLastIndex(a => Explains(a, change) && (!robs || !certain.Cover(Of(a))));
                if (at >= 0)
                    removals.RemoveAt(at);
                if (!robs || at >= 0)
                    continue;
                Early++;
                _violations.Add($"{who}: removed at {change.At:HH:mm:ss.fff} although approved {certain.All.First(s => s.Holds(change.At))}, announced {Latest(announcements, change)}. {timeline}");
            }
            else if (!possible.Touch(instant) && !announcements.Any(a => a.Call == AssignmentIntent.Put && Explains(a, change) && possible.Touch(Of(a))))
            {
                Unfounded++;
                _violations.Add($"{who}: written at {change.At:HH:mm:ss.fff} although nothing that was approved needed it, announced {Latest(announcements, change)}. {timeline}");
            }
        }
    }

    private bool Explains(Announcement announced, AssignmentChange change) => announced.From <= change.At && change.At - announced.To <= reach;

    private static Span Of(Announcement announced) => new(announced.From, announced.To + TimeSpan.FromMilliseconds(1));

    private static string Latest(IReadOnlyList<Announcement> announcements, AssignmentChange change) =>
        announcements.LastOrDefault(a => a.From <= change.At) is { } latest ? $"{latest.Call} {Of(latest)}" : "never";

    // When something was to go: from when it was not needed, or was made by a call that came late, until it is needed, or made by the next such call.
    private static IEnumerable<Span> Left(Spans present, Spans possible)
    {
        foreach (var gap in possible.Gaps().All)
        {
            var standing = present.Within(gap).ToList();
            for (var i = 0; i < standing.Count; i++)
                yield return new Span(standing[i].From, i + 1 < standing.Count ? standing[i + 1].From : gap.To);
        }
    }

    // While something should be so and a worker is up, it must become so within the worker's patience and stay so.
    private int Wait(string who, string what, IEnumerable<Span> due, Spans done, Attendance worker, List<TimeSpan> delays, Timeline timeline)
    {
        var violations = 0;
        foreach (var span in due.SelectMany(worker.Up.Within))
        {
            var first = done.Within(span).FirstOrDefault();
            if (!first.IsEmpty && first.From > span.From)
                delays.Add(first.From - span.From);
            var rest = span.Without(patience);
            // Time that it did not get is not time that it took.
            rest = span.Without(patience + worker.Stalls.Length(new Span(span.From, rest.From)));
            var missing = new Spans(done.Within(rest)).Gaps().Within(rest).FirstOrDefault();
            if (rest.IsEmpty || missing.IsEmpty)
                continue;
            violations++;
            _violations.Add($"{who}: {what} in {missing}, due with a worker up in {span}. {timeline}");
        }

        return violations;
    }
}
