using Portal.Core.Grants;
using Portal.Sandbox.ResourceManager;

namespace Portal.Reliability.Judging;

/// <summary>When an assignment stood in the cloud, from the sandbox's own record of every change.</summary>
internal sealed class Timeline
{
    private readonly List<AssignmentChange> _changes = [];

    public IReadOnlyList<AssignmentChange> Changes => _changes;

    public void Add(AssignmentChange change) => _changes.Add(change);

    /// <summary>While it stood.</summary>
    public Spans Present()
    {
        var spans = new List<Span>();
        DateTimeOffset? since = null;
        foreach (var change in _changes)
        {
            if (change.Kind == AssignmentChangeKind.Removed)
            {
                spans.Add(new Span(since!.Value, change.At));
                since = null;
            }
            else
            {
                since ??= change.At;
            }
        }

        if (since is { } open)
            spans.Add(new Span(open, DateTimeOffset.MaxValue));
        return new Spans(spans);
    }

    public override string ToString() => string.Join("; ", _changes.TakeLast(12).Select(c => $"{c.At:HH:mm:ss.fff} {c.Kind}{(c.Kind == AssignmentChangeKind.Removed ? "" : $" until {AssignmentMark.UntilOf(c.Assignment.Description):HH:mm:ss.fff}")}"));
}
