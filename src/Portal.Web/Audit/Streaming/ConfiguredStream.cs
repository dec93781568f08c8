using Portal.Core.Audit.Streaming;

namespace Portal.Web.Audit.Streaming;

/// <summary>A destination, with how it is spoken to.</summary>
/// <param name="Destination">Where to.</param>
public abstract record ConfiguredStream(StreamDestination Destination)
{
    /// <summary>What the configuration calls a receiver of webhooks.</summary>
    public const string Webhook = "webhook";

    /// <summary>What the configuration calls a receiver of OTLP logs.</summary>
    public const string Otlp = "otlp";
}

/// <summary>A receiver of webhooks.</summary>
/// <param name="Destination">Where to.</param>
/// <param name="Secret">Where the signing secret comes from.</param>
public sealed record WebhookStream(StreamDestination Destination, WebhookSecretSource Secret) : ConfiguredStream(Destination);

/// <summary>A receiver of OTLP logs over HTTP.</summary>
/// <param name="Destination">Where to: the whole address, with its <c>/v1/logs</c>.</param>
/// <param name="Header">The header by which the receiver knows the portal; null for none.</param>
public sealed record OtlpStream(StreamDestination Destination, OtlpHeader? Header) : ConfiguredStream(Destination);
