using Portal.Core.Grants.Pacing;

namespace Portal.Azure.Connection;

/// <summary>Tells whether the issuer of tokens answers: who gets no token reaches no subscription.</summary>
internal sealed class IssuerHandler(CallPacing pacing) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            pacing.HearIssuer(answered: true);
            return response;
        }
        catch
        {
            pacing.HearIssuer(answered: false);
            throw;
        }
    }
}
