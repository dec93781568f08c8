using Portal.Core.Grants.Pacing;

namespace Portal.Azure.Connection;

/// <summary>Tells whether the issuer of tokens answers: who gets no token reaches no subscription.</summary>
/// <param name="pacing">Who is told.</param>
/// <param name="timeout">How long an answer is waited for.</param>
/// <param name="clock">Measures how long it took.</param>
internal sealed class IssuerHandler(CallPacing pacing, TimeSpan timeout, TimeProvider clock) : DelegatingHandler
{
    private readonly TimeSpan late = PacedHandler.LateAfter(timeout);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var sent = clock.GetTimestamp();
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            pacing.HearIssuer(answered: true);
            return response;
        }
        catch (Exception e)
        {
            if (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested && clock.GetElapsedTime(sent) < late))
                pacing.HearIssuer(answered: false);
            throw;
        }
    }
}
