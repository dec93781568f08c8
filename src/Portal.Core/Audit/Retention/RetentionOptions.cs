namespace Portal.Core.Audit.Retention;

/// <summary>How long events are kept.</summary>
/// <param name="Period">At least <see cref="Shortest"/>; null for ever.</param>
public sealed record RetentionOptions(TimeSpan? Period)
{
    /// <summary>The shortest period.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromDays(90);

    /// <summary>The most events that one transaction prunes.</summary>
    public int Batch { get; init; } = 1000;
}
