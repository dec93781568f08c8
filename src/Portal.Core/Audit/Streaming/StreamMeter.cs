using System.Diagnostics.Metrics;

namespace Portal.Core.Audit.Streaming;

/// <summary>The numbers of the streams, by their names. The gauges show what was last noted; nothing when nothing is known.</summary>
public sealed class StreamMeter : IDisposable
{
    private readonly Counter<long> _delivered;
    private readonly Counter<long> _failed;
    private Reading? _last;

    /// <summary>Makes them.</summary>
    public StreamMeter()
    {
        Meter.CreateObservableGauge("portal.audit.stream.lag", () => Measure((s, now) => s.Lag(now).TotalSeconds), "s", "How long the oldest sealed event that a stream has not delivered has been waiting");
        Meter.CreateObservableGauge("portal.audit.stream.behind", () => Measure((s, _) => s.Behind), "{event}", "Sealed events that a stream has not delivered");
        Meter.CreateObservableGauge("portal.audit.stream.paused", () => Measure((s, _) => s.PausedAt is null ? 0 : 1), "{stream}", "1 while the destination of a stream takes nothing more");
        _delivered = Meter.CreateCounter<long>("portal.audit.stream.delivered", "{event}", "Events that a stream has delivered");
        _failed = Meter.CreateCounter<long>("portal.audit.stream.failed", "{message}", "Messages of a stream that were not delivered at a try");
    }

    /// <summary>The meter that carries them.</summary>
    public Meter Meter { get; } = new(PortalTelemetry.Name);

    /// <summary>Has the gauges show how the streams stood at an instant.</summary>
    public void Note(IReadOnlyList<StreamStanding> standings, DateTimeOffset at) => _last = new Reading(standings, at);

    /// <summary>It is not known any more: an old number would look like a good one.</summary>
    public void Forget() => _last = null;

    /// <inheritdoc />
    public void Dispose() => Meter.Dispose();

    internal void Count(string stream, StreamAnswer answer, int events)
    {
        var tag = new KeyValuePair<string, object?>("stream", stream);
        if (answer.Fate == StreamFate.Delivered)
            _delivered.Add(events, tag);
        else
            _failed.Add(1, tag);
    }

    private IEnumerable<Measurement<double>> Measure(Func<StreamStanding, DateTimeOffset, double> value) =>
        _last is { } last ? [.. last.Standings.Select(s => new Measurement<double>(value(s, last.At), new KeyValuePair<string, object?>("stream", s.Name)))] : [];

    private sealed record Reading(IReadOnlyList<StreamStanding> Standings, DateTimeOffset At);
}
