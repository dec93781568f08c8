using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Portal.Core.Audit.Streaming;

namespace Portal.Web.Audit.Streaming;

/// <summary>The way to receivers that all kinds share: follows no redirect, gives up a try after <see cref="Patience"/>, and tells faults by their kind alone.</summary>
/// <param name="clock">Measures the patience, and reads a Retry-After date.</param>
internal sealed class StreamConnection(TimeProvider clock) : IDisposable
{
    /// <summary>How long a try may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly HttpClient _client = new(new SocketsHttpHandler
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

    /// <summary>Posts JSON once.</summary>
    /// <param name="request">With everything but its body and who sends it.</param>
    /// <param name="body">The body.</param>
    /// <param name="readSuccess">What an answer of success means; null for what its status says.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<StreamAnswer> PostAsync(HttpRequestMessage request, byte[] body, Func<HttpResponseMessage, CancellationToken, Task<StreamAnswer>>? readSuccess, CancellationToken ct)
    {
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("access-portal", null));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
                return Refused(response);
            return readSuccess is null ? StreamAnswer.Delivered : await readSuccess(response, either.Token);
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
        catch (IOException fault)
        {
            return new StreamAnswer(StreamFate.Failed, fault is HttpIOException broken ? broken.HttpRequestError.ToString() : nameof(HttpRequestError.ResponseEnded));
        }
    }

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    private StreamAnswer Refused(HttpResponseMessage response)
    {
        var fault = string.Create(CultureInfo.InvariantCulture, $"Http{(int)response.StatusCode}");
        if (response.StatusCode == HttpStatusCode.Gone)
            return new StreamAnswer(StreamFate.Gone, fault);
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - clock.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return new StreamAnswer(StreamFate.Failed, fault, wait > TimeSpan.Zero ? wait : null);
    }
}
