using System.Net.Http.Headers;
using System.Text;

namespace Portal.Tests.Sandbox;

/// <summary>Raw calls to Graph in the portal's own name, where the real client would not go.</summary>
internal sealed class GraphWire(SandboxFixture sandbox)
{
    private string? _token;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Asks for something below <c>/v1.0</c>.</summary>
    public Task<Answer> GetAsync(string rest, bool eventual = false) => SendAsync(HttpMethod.Get, rest, null, eventual);

    /// <summary>Sends a body as it stands.</summary>
    public Task<Answer> PostAsync(string rest, string json) => SendAsync(HttpMethod.Post, rest, json);

    /// <summary>One call below <c>/v1.0</c>; with <paramref name="eventual"/> it says that late answers will do.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string rest, string? json, bool eventual = false)
    {
        using var client = new HttpClient(sandbox.Handler, disposeHandler: false);
        using var request = new HttpRequestMessage(method, CloudClients.GraphAudience + "/v1.0" + rest);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token ??= await TokenAsync());
        if (eventual) request.Headers.Add("ConsistencyLevel", "eventual");
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request, Ct);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(Ct),
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
    }

    private async Task<string> TokenAsync()
    {
        using var browser = new EntraBrowser(sandbox);
        return (await browser.TokenAsync(("grant_type", "client_credentials"), ("scope", "https://graph.microsoft.com/.default"))).AccessToken;
    }
}
