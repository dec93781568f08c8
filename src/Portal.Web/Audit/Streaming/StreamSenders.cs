using Portal.Core.Audit.Streaming;

namespace Portal.Web.Audit.Streaming;

/// <summary>Has each message delivered by the sender of its destination's kind.</summary>
/// <param name="streams">The configured streams.</param>
/// <param name="webhooks">Delivers webhooks.</param>
/// <param name="otlp">Delivers OTLP logs.</param>
public sealed class StreamSenders(IReadOnlyList<ConfiguredStream> streams, WebhookSender webhooks, OtlpSender otlp) : IStreamSender
{
    private readonly HashSet<string> _otlp = [.. streams.OfType<OtlpStream>().Select(s => s.Destination.Name)];

    /// <inheritdoc />
    public Task<StreamAnswer> SendAsync(StreamDestination destination, StreamMessage message, CancellationToken ct) =>
        _otlp.Contains(destination.Name) ? otlp.SendAsync(destination, message, ct) : webhooks.SendAsync(destination, message, ct);
}
