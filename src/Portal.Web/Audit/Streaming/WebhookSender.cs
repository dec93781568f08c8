using System.Globalization;
using System.Security.Cryptography;
using Portal.Core.Audit.Streaming;

namespace Portal.Web.Audit.Streaming;

/// <summary>Delivers messages as Standard Webhooks defines. Follows no redirect, reads no answer's body, and gives up a try after <see cref="Patience"/>.</summary>
/// <param name="streams">The configured streams.</param>
/// <param name="clock">Gives the time of a try.</param>
public sealed class WebhookSender(IReadOnlyList<ConfiguredStream> streams, TimeProvider clock) : IStreamSender, IDisposable
{
    /// <summary>How long a try may take.</summary>
    public static readonly TimeSpan Patience = StreamConnection.Patience;

    private readonly Dictionary<string, WebhookSecretSource> _secrets = streams.OfType<WebhookStream>().ToDictionary(s => s.Destination.Name, s => s.Secret);
    private readonly StreamConnection _connection = new(clock);

    /// <inheritdoc />
    public async Task<StreamAnswer> SendAsync(StreamDestination destination, StreamMessage message, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, destination.Address);
        var body = message.ToJson();
        try
        {
            Sign(request, message.Id(), body, _secrets[destination.Name]);
        }
        catch (StreamSecretException unusable)
        {
            return new StreamAnswer(StreamFate.Failed, $"SecretUnusable: {unusable.Message}");
        }

        return await _connection.PostAsync(request, body, readSuccess: null, ct);
    }

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();

    private void Sign(HttpRequestMessage request, string id, byte[] body, WebhookSecretSource source)
    {
        var now = clock.GetUtcNow();
        var secrets = source.Read();
        try
        {
            request.Headers.Add(WebhookSignature.SignatureHeader, string.Join(' ', secrets.Select(s => WebhookSignature.Of(s, id, now, body))));
        }
        finally
        {
            foreach (var secret in secrets)
                CryptographicOperations.ZeroMemory(secret);
        }

        request.Headers.Add(WebhookSignature.IdHeader, id);
        request.Headers.Add(WebhookSignature.TimestampHeader, now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
    }
}
