using System.Net;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>One object of any kind, got by its id.</summary>
public sealed class GraphObjectTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Fact]
    public async Task An_object_of_any_kind_says_which_kind_it_is()
    {
        using var browser = new EntraBrowser(sandbox);
        var token = (await browser.TokenAsync(("grant_type", "client_credentials"), ("scope", "https://graph.microsoft.com/.default"))).AccessToken;
        (Guid Id, string Type)[] objects =
        [
            (FenwickCompany.Mira, "#microsoft.graph.user"), (FenwickCompany.Auditors, "#microsoft.graph.group"), (FenwickCompany.PortalPrincipal, "#microsoft.graph.servicePrincipal"),
        ];
        foreach (var (id, type) in objects)
        {
            foreach (var select in new[] { "", "?$select=id,displayName" })
            {
                var (status, found) = await new GraphTests(sandbox).GetAsync($"/v1.0/directoryObjects/{id}{select}", token);
                Assert.Equal((HttpStatusCode.OK, type), (status, found.GetProperty("@odata.type").GetString()));
                Assert.Equal(id.ToString(), found.GetProperty("id").GetString());
            }
        }

        // Where the address says the kind, the answer does not.
        var (_, user) = await new GraphTests(sandbox).GetAsync($"/v1.0/users/{FenwickCompany.Mira}", token);
        Assert.False(user.TryGetProperty("@odata.type", out _));
    }
}
