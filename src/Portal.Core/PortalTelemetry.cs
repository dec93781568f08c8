using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Portal.Core;

/// <summary>What the portal tells an operator's telemetry: names and numbers, never who, what or why.</summary>
public static class PortalTelemetry
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Portal.Core";

    private static readonly Meter Meter = new(Name);

    /// <summary>Spans of the grant engine.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Requests sent.</summary>
    internal static Counter<long> RequestsSubmitted { get; } = Meter.CreateCounter<long>("portal.requests.submitted", "{request}", "Requests sent");

    /// <summary>From sending to the verdict, by verdict.</summary>
    internal static Histogram<double> TimeToDecision { get; } = Meter.CreateHistogram<double>("portal.requests.time_to_decision", "s", "From a request's sending to its verdict");

    /// <summary>From when a role was due to when it was given.</summary>
    internal static Histogram<double> ActivationLag { get; } = Meter.CreateHistogram<double>("portal.grants.activation_lag", "s", "From when a role was due to when it was given");

    /// <summary>From when a grant was to end to when the role was gone, by how it ended.</summary>
    internal static Histogram<double> EndLag { get; } = Meter.CreateHistogram<double>("portal.grants.end_lag", "s", "From when a grant was to end to when it had");

    /// <summary>Calls to the cloud that did not go through, by the provider's code.</summary>
    internal static Counter<long> FailedCalls { get; } = Meter.CreateCounter<long>("portal.grants.failed_calls", "{call}", "Calls to the cloud that did not go through");

    /// <summary>Grants that began to need attention, by the provider's code.</summary>
    internal static Counter<long> NeedsAttention { get; } = Meter.CreateCounter<long>("portal.grants.needs_attention", "{grant}", "Grants that began to need attention");

    /// <summary>Differences between what should be in the cloud and what was found there, by what was found.</summary>
    internal static Counter<long> DriftFound { get; } = Meter.CreateCounter<long>("portal.drift.found", "{drift}", "Differences between what should be in the cloud and what was found there");
}
