using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Portal.Core.Catalog;
using Portal.Sandbox;
using Portal.Sandbox.Company;

namespace Portal.Benchmarks.World;

/// <summary>The calls that give a role and take it back, made by a plain HTTP client: the least that anybody can wait for them here.</summary>
internal sealed class BareCloud : IDisposable
{
    private readonly HttpClient _http;
    private readonly Dictionary<string, List<double>> _times = new(StringComparer.Ordinal) { ["PUT"] = [], ["GET"] = [], ["DELETE"] = [] };

    private BareCloud(HttpClient http) => _http = http;

    /// <summary>Signs in as the portal does.</summary>
    public static async Task<BareCloud> ConnectAsync(SandboxHost sandbox)
    {
        var http = new HttpClient(sandbox.CreateHandler());
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = sandbox.PortalClient.ClientId.ToString(),
            ["client_secret"] = sandbox.PortalClient.ClientSecret,
            ["scope"] = "https://management.azure.com/.default",
        });
        using var answer = await http.PostAsync($"{sandbox.Addresses.Instance}{sandbox.Addresses.TenantId}/oauth2/v2.0/token", form);
        var token = (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access_token").GetString();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new BareCloud(http);
    }

    /// <summary>Gives a role at a scope, looks at it, and takes it back.</summary>
    public async Task RoundAsync(string scope)
    {
        var name = Guid.NewGuid();
        var address = $"https://management.azure.com{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01";
        var role = $"/subscriptions/{scope.Split('/')[2]}/providers/Microsoft.Authorization/roleDefinitions/{GrantableRole.SecretsUser.DefinitionId}";
        using var body = JsonContent.Create(new { properties = new { roleDefinitionId = role, principalId = FenwickCompany.Jonas, principalType = "User", description = "measuring" } });
        await TimeAsync("PUT", () => _http.PutAsync(address, body));
        await TimeAsync("GET", () => _http.GetAsync(address));
        await TimeAsync("DELETE", () => _http.DeleteAsync(address));
    }

    /// <summary>Takes one assignment away.</summary>
    public async Task DeleteAsync(string scope, Guid name)
    {
        using var answer = await _http.DeleteAsync($"https://management.azure.com{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01");
        await answer.Content.ReadAsByteArrayAsync();
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Milliseconds of one call. A method that was not made by itself counts as a GET.</summary>
    public double Median(string method) => Report.Median(_times.GetValueOrDefault(method) ?? _times["GET"]);

    /// <summary>Writes what the calls took.</summary>
    public void Tell()
    {
        foreach (var (method, times) in _times)
            Report.Line($"bare {method}: p50 {Report.Text(Report.Median(times))} ms, p99 {Report.Text(Report.Percentile(times, 0.99))} ms");
    }

    public void Dispose() => _http.Dispose();

    private async Task TimeAsync(string method, Func<Task<HttpResponseMessage>> call)
    {
        var start = Stopwatch.GetTimestamp();
        using var answer = await call();
        await answer.Content.ReadAsByteArrayAsync();
        _times[method].Add(Report.Since(start));
        answer.EnsureSuccessStatusCode();
    }
}
