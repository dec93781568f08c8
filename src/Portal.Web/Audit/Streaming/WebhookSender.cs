using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Portal.Core.Audit.Streaming;

namespace Portal.Web.Audit.Streaming;

/// <summary>Delivers messages as Standard Webhooks defines. Follows no redirect, reads no answer's body, and gives up a try after <see cref="Patience"/>.</summary>
public sealed class WebhookSender : IStreamSender, IDisposable
{
    /// <summary>How long a try may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, WebhookSecretSource> _secrets;
    private readonly TimeProvider _clock;
    private readonly HttpClient _client;

    /// <summary>Makes one for the configured streams.</summary>
    public WebhookSender(IReadOnlyList<ConfiguredStream> streams, TimeProvider clock)
    {
        _secrets = streams.ToDictionary(s => s.Destination.Name, s => s.Secret);
        _clock = clock;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // An address that moves is found again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 16 * 1024,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            // No span of its own: it would carry the whole address.
            ActivityHeadersPropagator = null,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <inheritdoc />
    public async Task<StreamAnswer> SendAsync(StreamDestination destination, StreamMessage message, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, destination.Address);
        try
        {
            Fill(request, message, _secrets[destination.Name]);
        }
        catch (WebhookSecretException unusable)
        {
            return new StreamAnswer(StreamFate.Failed, $"SecretUnusable: {unusable.Message}");
        }

        using var patience = new CancellationTokenSource(Patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return Read(response);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new StreamAnswer(StreamFate.Failed, "Timeout");
        }
        catch (HttpRequestException fault)
        {
            // The kind alone: the text may name the whole address.
            return new StreamAnswer(StreamFate.Failed, fault.HttpRequestError.ToString());
        }
    }

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    private void Fill(HttpRequestMessage request, StreamMessage message, WebhookSecretSource source)
    {
        var (id, body, now) = (message.Id(), message.ToJson(), _clock.GetUtcNow());
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
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("access-portal", null));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    private StreamAnswer Read(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
            return StreamAnswer.Delivered;
        var fault = string.Create(CultureInfo.InvariantCulture, $"Http{(int)response.StatusCode}");
        if (response.StatusCode == HttpStatusCode.Gone)
            return new StreamAnswer(StreamFate.Gone, fault);
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _clock.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return new StreamAnswer(StreamFate.Failed, fault, wait > TimeSpan.Zero ? wait : null);
    }
}
