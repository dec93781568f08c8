namespace Portal.Core.Audit.Streaming;

/// <summary>The seam to those who are told of the log.</summary>
public interface IStreamSender
{
    /// <summary>Tries once to deliver a message. Takes no longer than half a <see cref="StreamOptions.Lease"/>, and throws for nothing that the destination does.</summary>
    Task<StreamAnswer> SendAsync(StreamDestination destination, StreamMessage message, CancellationToken ct);
}

/// <summary>What became of a message.</summary>
public enum StreamFate
{
    /// <summary>The destination has it.</summary>
    Delivered,

    /// <summary>Not delivered, or not known to be: it is sent again.</summary>
    Failed,

    /// <summary>The destination wants no more messages at all.</summary>
    Gone,

    /// <summary>The destination took a part of the message and refused the rest for good, and does not say which. To send it again would double the one and not mend the other: that is for a person to decide.</summary>
    Rejected,
}

/// <summary>What a destination answered.</summary>
/// <param name="Fate">What became of the message.</param>
/// <param name="Fault">A code, and perhaps a few words, for an operator: never anything of the message, the secret or the address. Empty when delivered.</param>
/// <param name="RetryAfter">How long the destination wants to be left alone; null when it does not say.</param>
public sealed record StreamAnswer(StreamFate Fate, string Fault = "", TimeSpan? RetryAfter = null)
{
    /// <summary>The destination has it.</summary>
    public static StreamAnswer Delivered { get; } = new(StreamFate.Delivered);
}
