using System.Net;
using Portal.Sandbox.Company;

namespace Portal.Tests.Web.Hosting;

/// <summary>A page of another origin acts for nobody, though the browser sends the cookie of whoever has signed in along.</summary>
[Collection(HostedPortal.Name)]
public sealed class CircuitOriginTests(SharedPortal portal)
{
    private const string Circuit = "/_blazor";
    private const string Negotiation = "/_blazor/negotiate?negotiateVersion=1";

    [Theory]
    [InlineData("https://sibling.example")]
    [InlineData("http://localhost:1")]
    [InlineData("http://localhost")]
    [InlineData("http://127.0.0.1:{port}")]
    [InlineData("http://localhost.example:{port}")]
    [InlineData("https://localhost:{port}")]
    [InlineData("null")]
    [InlineData("not an origin")]
    public async Task A_page_of_another_origin_gets_no_circuit(string origin)
    {
        origin = origin.Replace("{port}", new Uri(portal.Host.Address).Port.ToString(null, null), StringComparison.Ordinal);
        using var approver = await portal.Host.SignedInAsync(FenwickCompany.Priya);
        Assert.Equal(HttpStatusCode.Forbidden, await approver.ConnectAsync(Circuit, ("Origin", origin)));
        using var negotiated = await approver.SendAsync(HttpMethod.Post, Negotiation, "*/*", origin: origin);
        Assert.Equal(HttpStatusCode.Forbidden, negotiated.StatusCode);
        SecurityHeadersTests.Hardened(negotiated);
        using var polled = await approver.SendAsync(HttpMethod.Get, Circuit + "?id=x", "*/*", origin: origin);
        Assert.Equal(HttpStatusCode.Forbidden, polled.StatusCode);
    }

    [Fact]
    public async Task What_names_no_origin_gets_no_circuit_either()
    {
        using var approver = await portal.Host.SignedInAsync(FenwickCompany.Priya);
        Assert.Equal(HttpStatusCode.Forbidden, await approver.ConnectAsync(Circuit));
        using var negotiated = await approver.SendAsync(HttpMethod.Post, Negotiation, "*/*");
        Assert.Equal(HttpStatusCode.Forbidden, negotiated.StatusCode);
    }

    [Fact]
    public async Task The_portals_own_pages_do()
    {
        using var approver = await portal.Host.SignedInAsync(FenwickCompany.Priya);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await approver.ConnectAsync(Circuit, ("Origin", portal.Host.Address)));
        using var negotiated = await approver.SendAsync(HttpMethod.Post, Negotiation, "*/*", origin: portal.Host.Address);
        Assert.Equal(HttpStatusCode.OK, negotiated.StatusCode);
        using var read = await approver.GetAsync("/_blazor/initializers", "*/*");
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
    }

    [Fact]
    public async Task Behind_a_proxy_the_origin_is_the_one_that_people_see()
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Settings = new Dictionary<string, string?> { ["ForwardedHeaders_Enabled"] = "true" } });
        using var approver = await host.SignedInAsync(FenwickCompany.Priya);
        (string, string)[] forwarded = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "access.example")];
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await approver.ConnectAsync(Circuit, [("Origin", "https://access.example"), .. forwarded]));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await approver.ConnectAsync(Circuit, [("Origin", "https://access.example"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "access.example:443")]));
        Assert.Equal(HttpStatusCode.Forbidden, await approver.ConnectAsync(Circuit, [("Origin", "https://sibling.example"), .. forwarded]));
        Assert.Equal(HttpStatusCode.Forbidden, await approver.ConnectAsync(Circuit, [("Origin", "http://access.example"), .. forwarded]));
        Assert.Equal(HttpStatusCode.Forbidden, await approver.ConnectAsync(Circuit, [("Origin", host.Address), .. forwarded]));
    }

    [Fact]
    public async Task Where_they_are_not_believed_forwarded_headers_open_nothing()
    {
        using var approver = await portal.Host.SignedInAsync(FenwickCompany.Priya);
        Assert.Equal(HttpStatusCode.Forbidden, await approver.ConnectAsync(Circuit, ("Origin", "https://sibling.example"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "sibling.example")));
    }
}
