using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Tests.Web.Hosting;

/// <summary>Whoever has not signed in reaches what stands here and nothing else, whatever is mapped later.</summary>
[Collection(HostedPortal.Name)]
public sealed class AnonymousAccessTests(SharedPortal portal) : IClassFixture<SharedPortal>
{
    // Beside the two health addresses, which are answered before anything is routed.
    private static readonly string[] ForAnyone =
    [
        "/account/access-changed", "/account/forbidden", "/account/sign-in-failed", "/account/signed-out", "/account/signin", "/account/signout",
        "/problem/{Status:int}",
    ];

    private List<RouteEndpoint> Endpoints => [.. portal.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is null)];

    [Fact]
    public void Only_these_addresses_are_for_anyone()
    {
        var open = Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/')).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(ForAnyone, open);
    }

    [Fact]
    public async Task Everything_else_refuses_a_program_and_sends_a_person_to_sign_in()
    {
        using var visitor = portal.Host.Visitor();
        var closed = Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null).ToList();
        Assert.True(closed.Count > 12, $"Only {closed.Count} addresses were found.");
        foreach (var endpoint in closed)
        {
            var url = "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment =>
                string.Concat(segment.Parts.Select(part => part is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content : "x"))));
            var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"];
            foreach (var method in methods.Count == 0 ? ["GET"] : methods)
            {
                using var refused = await visitor.SendAsync(new HttpMethod(method), url, PortalVisitor.Json);
                Assert.True(refused.StatusCode == HttpStatusCode.Unauthorized, $"{method} {url} answered a program {refused.StatusCode}.");
                using var sent = await visitor.SendAsync(new HttpMethod(method), url, PortalVisitor.Html);
                Assert.True(sent.StatusCode == HttpStatusCode.Redirect && sent.Headers.Location!.Port == portal.Host.Sandbox.Addresses.HttpPort, $"{method} {url} answered a person {sent.StatusCode}.");
            }
        }
    }

    [Fact]
    public void What_is_open_for_its_files_holds_no_page()
    {
        var assets = portal.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is not null).OfType<RouteEndpoint>();
        Assert.All(assets, asset => Assert.DoesNotMatch("(?i)\\.(html|json|db|config)$", asset.RoutePattern.RawText!));
    }
}
