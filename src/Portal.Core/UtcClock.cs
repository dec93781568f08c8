namespace Portal.Core;

/// <summary>How the portal reads a clock.</summary>
public static class UtcClock
{
    /// <summary>Now, in UTC, cut to the millisecond: every database keeps that exactly, so what is saved equals what is read back.</summary>
    public static DateTimeOffset Now(this TimeProvider clock) => CutToMillisecond(clock.GetUtcNow());

    /// <summary>The same instant in UTC without its fractions of a millisecond.</summary>
    public static DateTimeOffset CutToMillisecond(this DateTimeOffset instant) =>
        new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
}
