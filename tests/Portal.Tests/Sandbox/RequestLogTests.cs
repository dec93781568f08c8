using System.Net;
using System.Net.Http.Headers;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>The sandbox's log of calls is a judge: a test that has its answer looks there at once.</summary>
public sealed class RequestLogTests : IAsyncLifetime
{
    private readonly SandboxFixture _sandbox = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _sandbox.InitializeAsync();

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Fact]
    public async Task Whoever_has_the_beginning_of_an_answer_finds_its_call_in_the_log()
    {
        // More than HTTP/2 lets through while nobody reads, so that the answer is not over yet.
        _sandbox.Host.Control.Blobs.Write(BlobClients.Account, BlobClients.ContainerName, "large", new byte[16 * 1024 * 1024]);
        using var client = new HttpClient(_sandbox.Handler, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, BlobClients.Address + "/large") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", new CloudClients(_sandbox.Host, _sandbox.Handler).Token(FenwickCompany.PortalPrincipal, "https://storage.azure.com", isApp: true));
        request.Headers.Add("x-ms-version", "2025-01-05");
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        var call = Assert.Single(_sandbox.Host.Control.Requests.Calls, c => c.Path.EndsWith("/large", StringComparison.Ordinal));
        Assert.Equal((200, FenwickCompany.PortalPrincipal), (call.Status, call.Caller));
        Assert.Equal(16 * 1024 * 1024, (await answer.Content.ReadAsByteArrayAsync(Ct)).Length);
        Assert.Single(_sandbox.Host.Control.Requests.Calls, c => c.Path.EndsWith("/large", StringComparison.Ordinal));
    }
}
