using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>The UserInfo endpoint that the discovery document names.</summary>
public sealed class UserInfoTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task It_says_of_a_person_what_the_id_token_says(string method)
    {
        using var browser = new EntraBrowser(sandbox);
        var tokens = await browser.GetTokensAsync(FenwickCompany.Mira, "openid profile email");
        var (status, info) = await AskAsync(method, tokens.AccessToken);
        Assert.Equal(HttpStatusCode.OK, status);
        foreach (var claim in new[] { "sub", "name", "email" }) Assert.Equal(tokens.Id.GetClaim(claim).Value, info.GetProperty(claim).GetString());
    }

    [Fact]
    public async Task Two_applications_know_the_same_person_under_two_subjects()
    {
        var subjects = new List<string?>();
        foreach (var application in new[] { FenwickCompany.PortalClientId, FenwickCompany.ExplorerClientId })
        {
            var token = sandbox.Host.Control.Tokens.Sign(new Dictionary<string, object>
            {
                ["iss"] = sandbox.Host.Addresses.Authority,
                ["aud"] = CloudClients.GraphAudience,
                ["tid"] = FenwickCompany.TenantId.ToString(),
                ["oid"] = FenwickCompany.Mira.ToString(),
                ["appid"] = application.ToString(),
                ["scp"] = "openid",
                ["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(5).ToUnixTimeSeconds(),
            });
            subjects.Add((await AskAsync("GET", token)).Body.GetProperty("sub").GetString());
        }

        Assert.Equal(2, subjects.Distinct().Count());
        Assert.DoesNotContain(FenwickCompany.Mira.ToString(), subjects);
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(string method, string token)
    {
        using var http = sandbox.NewClient("https://graph.microsoft.com");
        using var request = new HttpRequestMessage(new HttpMethod(method), "/oidc/userinfo");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, Ct);
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement);
    }
}
