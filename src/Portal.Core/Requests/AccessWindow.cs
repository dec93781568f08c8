namespace Portal.Core.Requests;

/// <summary>From when until when access is asked for.</summary>
/// <param name="Start">UTC; null for as soon as it is approved.</param>
/// <param name="Duration">How long.</param>
public sealed record AccessWindow(DateTimeOffset? Start, TimeSpan Duration)
{
    /// <summary>When access would end if it were approved at an instant. With a fixed start, waiting for approval eats into the window; it never moves the end.</summary>
    public DateTimeOffset EndIfApprovedAt(DateTimeOffset instant) => (Start ?? instant) + Duration;

    /// <summary>When access would begin if it were approved at an instant.</summary>
    public DateTimeOffset StartIfApprovedAt(DateTimeOffset instant) => Start is { } start && start > instant ? start : instant;

    /// <summary>How much of it there would be if it were approved at an instant; negative when it was over by then.</summary>
    public TimeSpan LengthIfApprovedAt(DateTimeOffset instant) => EndIfApprovedAt(instant) - StartIfApprovedAt(instant);
}
