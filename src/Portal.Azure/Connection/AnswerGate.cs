using System.Net;
using Portal.Core;

namespace Portal.Azure.Connection;

/// <summary>Stands between the SDKs and the wire: lets through what an SDK can use, and turns the rest into <see cref="CloudCallException"/>.</summary>
/// <remarks>
/// The SDKs read a 200 without the expected fields as an empty object or an empty list, and stumble over HTML in ways that lose
/// the status. Both would be wrong here: an empty list of secrets removes them from the catalog.
/// </remarks>
/// <param name="faults">Reads answers.</param>
/// <param name="timeout">How long an answer is waited for.</param>
/// <param name="missingIsAnAnswer">Whether a read that Azure answers with an explained 404 goes through as it is. Every removal is read back and finds nothing: an exception through all of an SDK costs more than the call.</param>
internal sealed class AnswerGate(CloudFaults faults, TimeSpan timeout, bool missingIsAnAnswer = false) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await SendOnceAsync(request, cancellationToken);
        }
        catch (CloudCallException e) when (request.Method == HttpMethod.Get && e is { IsTransient: true, RetryAfter: null } && (e.Status >= 500 || e.InnerException is HttpRequestException))
        {
            await Task.Delay(Random.Shared.Next(100, 300), cancellationToken);
            return await SendOnceAsync(request, cancellationToken);
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(timeout);
        HttpResponseMessage? response = null;
        try
        {
            response = await base.SendAsync(request, limit.Token);
            // The challenge that starts a conversation with Key Vault, or asks for more claims: the SDK answers it.
            if (response.StatusCode == HttpStatusCode.Unauthorized && response.Headers.WwwAuthenticate.Count > 0)
                return response;
            await response.Content.LoadIntoBufferAsync(limit.Token);
            if (await faults.FindAsync(response, limit.Token) is { } fault && !(missingIsAnAnswer && request.Method == HttpMethod.Get && CloudFaults.IsMissing(fault)))
                throw fault;
            var usable = response;
            response = null;
            return usable;
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw CloudFaults.NoAnswer($"No answer within {timeout.TotalSeconds:0} s.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw response is null ? CloudFaults.NoAnswer("The connection failed before an answer came.", e) : CloudFaults.CutOff(response, e);
        }
        finally
        {
            if (response is not null && response.StatusCode != HttpStatusCode.Unauthorized)
                response.Dispose();
        }
    }
}
