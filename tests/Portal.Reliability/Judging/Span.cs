namespace Portal.Reliability.Judging;

/// <summary>From an instant, up to and without another.</summary>
internal readonly record struct Span(DateTimeOffset From, DateTimeOffset To)
{
    public bool IsEmpty => From >= To;

    public bool Holds(DateTimeOffset at) => From <= at && at < To;

    public Span And(Span other) => new(From > other.From ? From : other.From, To < other.To ? To : other.To);

    /// <summary>The same without its beginning.</summary>
    public Span Without(TimeSpan beginning) => this with { From = To - From <= beginning ? To : From + beginning };

    public override string ToString() => $"{From:HH:mm:ss.fff}–{To:HH:mm:ss.fff}";
}

/// <summary>Spans that lie apart, in order.</summary>
internal sealed class Spans
{
    private readonly List<Span> _all = [];

    /// <summary>Joins what touches.</summary>
    public Spans(IEnumerable<Span> spans)
    {
        foreach (var span in spans.Where(s => !s.IsEmpty).OrderBy(s => s.From))
        {
            if (_all.Count > 0 && span.From <= _all[^1].To)
                _all[^1] = _all[^1] with { To = span.To > _all[^1].To ? span.To : _all[^1].To };
            else
                _all.Add(span);
        }
    }

    public IReadOnlyList<Span> All => _all;

    /// <summary>What lies between them, from the beginning to the end of time.</summary>
    public Spans Gaps()
    {
        var gaps = new List<Span>();
        var from = DateTimeOffset.MinValue;
        foreach (var span in _all)
        {
            gaps.Add(new Span(from, span.From));
            from = span.To;
        }

        gaps.Add(new Span(from, DateTimeOffset.MaxValue));
        return new Spans(gaps);
    }

    /// <summary>Whether a span lies in one of these from beginning to end.</summary>
    public bool Cover(Span span) => _all.Any(s => s.From <= span.From && span.To <= s.To);

    public bool Touch(Span span) => _all.Any(s => !s.And(span).IsEmpty);

    /// <summary>How much of a span lies in these.</summary>
    public TimeSpan Length(Span span) => Within(span).Aggregate(TimeSpan.Zero, (sum, part) => sum + (part.To - part.From));

    /// <summary>The parts of a span that lie in these.</summary>
    public IEnumerable<Span> Within(Span span) => _all.Select(s => s.And(span)).Where(s => !s.IsEmpty);
}
