using System.Globalization;
using System.Net;
using Portal.Core.Data;
using Portal.Core.Grants.Pacing;

namespace Portal.Azure.Connection;

/// <summary>Lets calls to Resource Manager out no faster than it takes them, and tells what its answers say about that and about the time.</summary>
/// <param name="resourceManager">Where Resource Manager is.</param>
/// <param name="timeout">How long an answer is waited for.</param>
/// <param name="pacing">Who is told.</param>
/// <param name="clocks">Who is told the time.</param>
/// <param name="clock">Measures how long it took.</param>
/// <param name="faults">Reads answers.</param>
internal sealed class PacedHandler(Uri resourceManager, TimeSpan timeout, CallPacing pacing, ClockWatch clocks, TimeProvider clock, CloudFaults faults) : DelegatingHandler
{
    private readonly TimeSpan late = LateAfter(timeout);

    /// <summary>After how long an answer is late. Whoever leaves sooner left of their own will. The timer that cuts the wait may be a little early.</summary>
    internal static TimeSpan LateAfter(TimeSpan timeout) => TimeSpan.FromSeconds(Math.Min(5, 0.9 * timeout.TotalSeconds));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!SameOrigin.Holds(resourceManager, request.RequestUri!))
            return await base.SendAsync(request, cancellationToken);
        var subscription = SubscriptionOf(request.RequestUri!);
        var kind = KindOf(request.Method);
        long? place = subscription is null ? null : await pacing.EnterAsync(subscription, kind, cancellationToken, TakingBack.IsUnderWay);

        var sent = clock.GetTimestamp();
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (subscription is not null)
        {
            pacing.Unanswered(subscription, kind, gaveUp: e is OperationCanceledException && clock.GetElapsedTime(sent) < late);
            throw;
        }

        // What stands in between may answer too, with any date.
        if (response.Headers.Date is { } date && response.Headers.Contains("x-ms-request-id"))
            clocks.HearResourceManager(date, sent);
        if (subscription is not null)
            pacing.Answered(new CallAnswer(subscription, kind, response.StatusCode == HttpStatusCode.TooManyRequests, RemainingOf(response, kind), faults.RetryAfterOf(response)) { Place = place });
        return response;
    }

    /// <summary>The subscription that a call counts against.</summary>
    /// <returns>Null for calls that concern none in particular, such as the list of subscriptions.</returns>
    private static string? SubscriptionOf(Uri address) =>
        address.AbsolutePath.Split('/', 4, StringSplitOptions.RemoveEmptyEntries) is [var first, var id, ..] && first.Equals("subscriptions", StringComparison.OrdinalIgnoreCase) ? id : null;

    private static CallKind KindOf(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Head ? CallKind.Read : method == HttpMethod.Delete ? CallKind.Delete : CallKind.Write;

    private static int? RemainingOf(HttpResponseMessage response, CallKind kind)
    {
        var header = kind switch
        {
            CallKind.Read => "x-ms-ratelimit-remaining-subscription-reads",
            CallKind.Write => "x-ms-ratelimit-remaining-subscription-writes",
            CallKind.Delete => "x-ms-ratelimit-remaining-subscription-deletes",
        };
        return response.Headers.TryGetValues(header, out var values) && int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var left) ? left : null;
    }
}
