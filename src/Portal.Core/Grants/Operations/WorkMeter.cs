using System.Diagnostics.Metrics;
using Portal.Core.Grants.Pacing;

namespace Portal.Core.Grants.Operations;

/// <summary>The gauges of the work. They show what was last noted, because a gauge is asked by a thread that must not wait for a database; and nothing when nothing is known.</summary>
public sealed class WorkMeter : IDisposable
{
    private Reading? _last;

    /// <summary>Makes the gauges.</summary>
    public WorkMeter(CallPacing pacing)
    {
        Meter.CreateObservableGauge("portal.calls.left", () => pacing.Snapshot().SelectMany(CallsLeft), "{call}", "Calls that may be sent to a subscription at once, as far as this instance knows");
        Gauge("portal.work.due", "{assignment}", "Role assignments to be worked on now", now => now.Counts.Due);
        Gauge("portal.work.in_flight", "{assignment}", "Role assignments that a worker holds", now => now.Counts.InFlight);
        Gauge("portal.work.late", "{assignment}", "Role assignments due or failing for longer than a minute", now => now.Counts.Late);
        Gauge("portal.work.failing", "{assignment}", "Role assignments whose last call did not go through", now => now.Counts.Failing);
        Gauge("portal.work.oldest_overdue", "s", "How long the oldest due or failing work has been due", now => now.Counts.OldestOverdue(now.At).TotalSeconds);
        Gauge("portal.grants.attention", "{grant}", "Grants that need attention", now => now.Counts.Attention);
        Gauge("portal.grants.paused", "{grant}", "Grants whose time has come and that a pause holds up", now => now.Counts.Waiting);
        Gauge("portal.drift.open", "{drift}", "Differences between what is in the cloud and what should be there", now => now.Counts.DriftOpen);
        Gauge("portal.pauses", "{pause}", "Pauses that stand", now => now.Counts.Pauses);
    }

    /// <summary>The meter that carries them.</summary>
    public Meter Meter { get; } = new(PortalTelemetry.Name);

    /// <summary>Has the gauges show how much work there was at an instant.</summary>
    public void Note(WorkCounts counts, DateTimeOffset at) => _last = new Reading(counts, at);

    /// <summary>It is not known any more: an old number would look like a good one.</summary>
    public void Forget() => _last = null;

    /// <inheritdoc />
    public void Dispose() => Meter.Dispose();

    private void Gauge(string name, string unit, string description, Func<Reading, double> value) =>
        Meter.CreateObservableGauge(name, () => _last is { } last ? [new Measurement<double>(value(last))] : Array.Empty<Measurement<double>>(), unit, description);

    private static Measurement<int>[] CallsLeft(SubscriptionPace pace) =>
        [LeftOf(pace, "read", pace.Reads), LeftOf(pace, "write", pace.Writes), LeftOf(pace, "delete", pace.Deletes)];

    private static Measurement<int> LeftOf(SubscriptionPace pace, string kind, KindPace of) =>
        new(of.TokensLeft, new KeyValuePair<string, object?>("subscription", pace.SubscriptionId), new KeyValuePair<string, object?>("kind", kind));

    private sealed record Reading(WorkCounts Counts, DateTimeOffset At);
}
