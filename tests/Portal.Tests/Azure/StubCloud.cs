using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Portal.Azure;
using Portal.Core;

namespace Portal.Tests.Azure;

/// <summary>A cloud that answers whatever a test wants, behind the portal's transport seam. It issues tokens, and remembers every call.</summary>
internal sealed class StubCloud : IDisposable
{
    internal const string Token = "eyJstubbedheader.eyJstubbedpayload.stubbedsignature";
    internal const string ClientSecret = "a-client-secret-that-must-not-show";
    internal static readonly Guid Tenant = new("8d2a4c1e-6b1f-4e0a-9d53-2f7c1b9e4a10");
    internal static readonly Guid Client = new("7a11c0de-1111-4000-8000-00000000a001");

    private readonly ServiceProvider provider;

    internal StubCloud(Func<Call, HttpResponseMessage> answer, params (string Key, string Value)[] settings)
        : this(call => Task.FromResult(answer(call)), settings)
    {
    }

    internal StubCloud(Func<Call, Task<HttpResponseMessage>> answer, params (string Key, string Value)[] settings)
        : this(TimeProvider.System, answer, settings)
    {
    }

    internal StubCloud(TimeProvider clock, Func<Call, Task<HttpResponseMessage>> answer, params (string Key, string Value)[] settings)
    {
        var configuration = new Dictionary<string, string?>
        {
            ["AzureAd:TenantId"] = Tenant.ToString(),
            ["AzureAd:ClientId"] = Client.ToString(),
            ["AzureAd:ClientSecret"] = ClientSecret,
            ["Cloud:Credential"] = "ClientSecret",
        };
        foreach (var (key, value) in settings)
            configuration[key] = value;
        provider = new ServiceCollection()
            .AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = Environments.Development })
            .AddSingleton(clock)
            .AddSingleton(new CloudTransport(() => new Relay(this, answer)))
            .AddPortalAzure(new ConfigurationBuilder().AddInMemoryCollection(configuration).Build())
            .BuildServiceProvider();
    }

    /// <summary>All calls but those for tokens.</summary>
    internal ConcurrentQueue<Call> Calls { get; } = new();

    internal T Get<T>() where T : notnull => provider.GetRequiredService<T>();

    public void Dispose() => provider.Dispose();

    internal static HttpResponseMessage Json(int status, string body, params (string Name, string Value)[] headers) => Answer(status, body, "application/json", headers);

    internal static HttpResponseMessage Html(int status) => Answer(status, "<html><body>Bad gateway</body></html>", "text/html");

    internal static HttpResponseMessage Error(int status, string code, string message = "Refused.", params (string Name, string Value)[] headers) =>
        Json(status, $$$"""{"error":{"code":"{{{code}}}","message":"{{{message}}}"}}""", headers);

    internal static HttpResponseMessage Answer(int status, string body, string type, params (string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) };
        foreach (var (name, value) in headers)
            Assert.True(response.Headers.TryAddWithoutValidation(name, value));
        return response;
    }

    /// <summary>One call as it left the portal.</summary>
    internal sealed record Call(string Method, Uri Uri, string? Token, string? Body)
    {
        internal string Path => Uri.AbsolutePath;
    }

    private sealed class Relay(StubCloud cloud, Func<Call, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
            var call = new Call(request.Method.Method, request.RequestUri!, request.Headers.Authorization?.Parameter, body);
            if (call.Uri.Host != "login.microsoftonline.com")
                cloud.Calls.Enqueue(call);
            else if (!cloud.OwnIssuer)
                return Json(200, $$"""{"token_type":"Bearer","expires_in":3599,"access_token":"{{Token}}"}""");
            var response = await answer(call).WaitAsync(cancellationToken);
            response.RequestMessage = request;
            return response;
        }
    }

    /// <summary>True when the test answers the token calls as well.</summary>
    internal bool OwnIssuer { get; init; }
}
