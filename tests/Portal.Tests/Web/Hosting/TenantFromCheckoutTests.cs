using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Policies;

namespace Portal.Tests.Web.Hosting;

/// <summary>A portal in Development whose people sign in at a tenant, and not at the sandbox of this machine.</summary>
[Collection(HostedPortal.Name)]
public sealed class TenantFromCheckoutTests
{
    private static readonly Dictionary<string, string?> Tenant = new() { ["AzureAd:Instance"] = "https://login.microsoftonline.com/" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_sign_in_is_told_by_comes_back_from_another_site()
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Kestrel = false, Settings = Tenant });
        using var browser = host.ClientAt("http://localhost:5080");
        using var asked = new HttpRequestMessage(HttpMethod.Get, "/account/signin") { Headers = { Accept = { new("text/html") } } };
        using var challenge = await browser.SendAsync(asked, Ct);

        Assert.Equal(HttpStatusCode.Redirect, challenge.StatusCode);
        Assert.Contains("redirect_uri=http%3A%2F%2Flocalhost%3A5080%2Fsignin-oidc", challenge.Headers.Location!.Query, StringComparison.Ordinal);
        var cookies = challenge.Headers.GetValues("Set-Cookie").Where(c => c.StartsWith(".AspNetCore.", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, cookies.Count);
        // Browsers keep a Secure cookie of http://localhost, and send one across sites only when it is SameSite=None.
        Assert.All(cookies, cookie =>
        {
            Assert.Contains("samesite=none", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task The_policies_of_the_made_up_company_are_for_the_sandbox()
    {
        await using var host = await PortalHost.StartAsync();
        Assert.Contains("payments-production", await PoliciesAsync(host));
        await host.RestartAsync(Tenant);
        Assert.Empty(await PoliciesAsync(host));
    }

    [Fact]
    public async Task Policies_of_ones_own_take_their_place_and_are_not_laid_over_them()
    {
        await using var host = await PortalHost.StartAsync(new HostSetup
        {
            Kestrel = false,
            Settings = new Dictionary<string, string?>
            {
                ["AccessPolicies:0:Name"] = "own",
                ["AccessPolicies:0:Vaults:0"] = "kv-own",
                ["AccessPolicies:0:Roles:0"] = "Key Vault Secrets User",
                ["AccessPolicies:0:Eligible:0:Id"] = "61a0c001-0000-4000-8000-000000000001",
                ["AccessPolicies:0:Approvers:0:Id"] = "61a0c001-0000-4000-8000-000000000002",
            },
        });
        Assert.Equal(["own"], await PoliciesAsync(host));
        Assert.Equal(TimeSpan.FromHours(24), PolicyDefinition.FromJson(await host.ReadAsync(db => db.AccessPolicies.Select(p => p.DefinitionJson).SingleAsync(Ct))).LapsesAfter);
    }

    private static Task<List<string>> PoliciesAsync(PortalHost host) => host.ReadAsync(db => db.AccessPolicies.Where(p => p.RetiredAt == null).Select(p => p.Name).ToListAsync(Ct));
}
