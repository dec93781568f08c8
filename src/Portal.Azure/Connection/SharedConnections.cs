using System.Net;

namespace Portal.Azure.Connection;

/// <summary>Offers HTTP/2, so that many calls at once share a connection. Where the other side, or what stands in between, does not take it, calls go by HTTP/1.1 as ever.</summary>
internal sealed class SharedConnections : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower);
        return base.SendAsync(request, cancellationToken);
    }
}
