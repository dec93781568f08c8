using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure;
using Azure.Identity;
using Microsoft.Identity.Client;
using Microsoft.Kiota.Abstractions;
using Portal.Core;

namespace Portal.Azure.Connection;

/// <summary>The one place that turns what went wrong into a <see cref="CloudCallException"/>.</summary>
/// <param name="clock">Reads a Retry-After date when the answer itself carries no date.</param>
internal sealed partial class CloudFaults(TimeProvider clock)
{
    internal const string UnreadableAnswer = AttentionCode.UnreadableAnswer;

    /// <summary>No provider means more than a day; a larger number is a mistake that must not stop revocations.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    /// <summary>Runs a call of an SDK; whatever it throws comes out as <see cref="CloudCallException"/>, the caller's own cancellation aside.</summary>
    internal static async Task<T> GuardAsync<T>(Func<Task<T>> call, CancellationToken ct)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is not CloudCallException && !(e is OperationCanceledException && ct.IsCancellationRequested))
        {
            throw Of(e);
        }
    }

    /// <summary>Looks for what makes an answer unusable.</summary>
    /// <returns>Null when it is a success with a JSON object or without content (204).</returns>
    internal async Task<CloudCallException?> FindAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.StatusCode == HttpStatusCode.NoContent)
            return null;
        var body = await response.Content.ReadAsByteArrayAsync(ct);
        var status = (int)response.StatusCode;
        var error = ErrorBody.Read(body, out var isObject);
        if (response.IsSuccessStatusCode && isObject && error is null)
            return null;
        var message = error?.Message is { Length: > 0 } said ? said
            : response.IsSuccessStatusCode ? $"A success without a readable body ({Kind(response)}, {body.Length} bytes)."
            : $"HTTP {status} without an explanation ({Kind(response)}, {body.Length} bytes).";
        var code = CodeOf(error?.Code);
        // A success that is none says nothing about what was done; to ask again is right, since every call may be repeated.
        var transient = response.IsSuccessStatusCode || IsTransient(status, code);
        return new CloudCallException(code, Clean(message), status, transient, RetryAfterOf(response), CallOf(response));
    }

    internal static CloudCallException NoAnswer(string message, Exception inner) =>
        new(AttentionCode.NoAnswer, message, null, isTransient: true, inner: inner);

    internal static CloudCallException CutOff(HttpResponseMessage response, Exception inner) =>
        new(UnreadableAnswer, "The answer broke off.", (int)response.StatusCode, isTransient: true, null, CallOf(response), inner);

    internal static CloudCallException Unreadable(string why) => new(UnreadableAnswer, why, null, isTransient: true);

    /// <summary>True for a 404 that Azure itself explains; a 404 of something in between proves nothing.</summary>
    internal static bool IsMissing(CloudCallException e) => e.Status == 404 && e.Code != UnreadableAnswer;

    internal static CloudCallException Of(Response response)
    {
        var error = ErrorBody.Read(response.Content.ToArray(), out _);
        var code = CodeOf(error?.Code);
        return new CloudCallException(code, Clean(error?.Message ?? $"HTTP {response.Status} without an explanation."), response.Status, IsTransient(response.Status, code), null, CallOf(response));
    }

    // Only what the network threw is kept as inner exception: what the SDKs throw prints whole answers.
    private static CloudCallException Of(Exception e) => e switch
    {
        AggregateException many when many.InnerExceptions is [.., var last] => last as CloudCallException ?? Of(last),
        RequestFailedException failed when failed.GetRawResponse() is { } response => Of(response),
        RequestFailedException failed => NoAnswer("The connection failed before an answer came.", failed.InnerException ?? failed),
        AuthenticationFailedException failed => OfSignIn(failed),
        ApiException failed => OfGraph(failed),
        JsonException => Unreadable("The answer is not the JSON it should be."),
        OperationCanceledException => NoAnswer("No answer in time.", e),
        HttpRequestException or IOException => NoAnswer("The connection failed before an answer came.", e),
        // Key Vault's challenge named a resource of another domain, or none: the SDK refuses to send a token.
        InvalidOperationException refused => new CloudCallException(UnreadableAnswer, Clean(refused.Message), null, isTransient: true),
        _ => new CloudCallException(UnreadableAnswer, $"The answer could not be used ({e.GetType().Name}).", null, isTransient: true),
    };

    // Without a token nothing is sent; what was sent with an older one and asked for another had been turned down.
    private static CloudCallException OfSignIn(AuthenticationFailedException e)
    {
        var code = e is CredentialUnavailableException ? AttentionCode.CredentialUnavailable : AttentionCode.AuthenticationFailed;
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is MsalServiceException { StatusCode: var status and not 0 } service)
                return new CloudCallException(code, Clean(service.Message), status, IsTransient(status, service.ErrorCode), Bounded(service.Headers?.RetryAfter?.Delta)) { WasNotSent = true };
            if (inner is HttpRequestException or OperationCanceledException or RequestFailedException { Status: 0 })
                return new CloudCallException(code, "No token: the issuer did not answer.", null, isTransient: true, inner: inner is RequestFailedException ? null : inner) { WasNotSent = true };
        }
        // The outer message often ends where the reason would begin.
        return new CloudCallException(code, Clean($"{e.Message} {e.InnerException?.Message}".Trim()), null, isTransient: false) { WasNotSent = true };
    }

    private static CloudCallException OfGraph(ApiException e)
    {
        var error = (e as Microsoft.Graph.Models.ODataErrors.ODataError)?.Error;
        var call = CallOf(name => e.ResponseHeaders is { } headers && headers.TryGetValue(name, out var values) ? values.FirstOrDefault() : null);
        var code = CodeOf(error?.Code);
        return new CloudCallException(code, Clean(error?.Message ?? "Graph refused without an explanation."), e.ResponseStatusCode, IsTransient(e.ResponseStatusCode, code), null, call);
    }

    private static bool IsTransient(int status, string code) => code switch
    {
        // A principal made a minute ago is not known everywhere yet. Privileged Identity Management has its own word for it.
        "PrincipalNotFound" or "SubjectNotFound" => true,
        // The next call gets a new token.
        "ExpiredAuthenticationToken" => true,
        _ => status is 408 or 429 or >= 500,
    };

    /// <summary>How long an answer asks to wait, from zero to a day; null when it does not say.</summary>
    internal TimeSpan? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => Bounded(delta),
        { Date: { } date } => Bounded(date - (response.Headers.Date ?? clock.GetUtcNow())),
        _ => null,
    };

    private static TimeSpan? Bounded(TimeSpan? wait) =>
        wait is not { } w ? null : w < TimeSpan.Zero ? TimeSpan.Zero : w > LongestWait ? LongestWait : w;

    /// <summary>What the answer says that the provider calls the call.</summary>
    internal static ProviderCall CallOf(Response response) => CallOf(name => response.Headers.TryGetValue(name, out var value) ? value : null);

    private static ProviderCall CallOf(HttpResponseMessage response) => CallOf(name => response.Headers.TryGetValues(name, out var values) ? values.First() : null);

    /// <summary>The same, by any way of reading a header. Graph has a name of its own for the one id and nothing for the other.</summary>
    internal static ProviderCall CallOf(Func<string, string?> header) => new(header("x-ms-request-id") ?? header("request-id"), header("x-ms-correlation-request-id"));

    private static string Kind(HttpResponseMessage response) => response.Content.Headers.ContentType?.MediaType ?? "no content type";

    // It stands in rows, events and metrics, and is looked up in the runbook: what is no code is not taken for one.
    private static string CodeOf(string? said) => said is not null && Codes().IsMatch(said) && !Credentials().IsMatch(said) ? said : UnreadableAnswer;

    [GeneratedRegex(@"^[A-Za-z0-9_.-]{1,100}\z")]
    private static partial Regex Codes();

    private static string Clean(string message) => Credentials().Replace(message, "[removed]");

    /// <summary>What looks like a token or a client secret: an answer may echo what was sent.</summary>
    [GeneratedRegex(@"eyJ[\w-]{8,}(\.[\w-]*){1,4}|(?<=\bBearer\s+)[^\s,""=]{16,}|(?<=(client_secret|client_assertion|access_token|refresh_token)[""']?\s*[=:]\s*[""']?)[^\s""'&,}]+", RegexOptions.IgnoreCase)]
    private static partial Regex Credentials();
}
