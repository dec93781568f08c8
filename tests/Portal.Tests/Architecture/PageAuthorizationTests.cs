using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;

namespace Portal.Tests.Architecture;

/// <summary>Every page asks for someone who is signed in, but those that are for everyone.</summary>
public sealed class PageAuthorizationTests
{
    // What a person sees who is not, or not any more, signed in; and what went wrong.
    private static readonly string[] ForEveryone =
    [
        "/account/sign-in-failed", "/account/access-changed", "/account/forbidden", "/account/signed-out", "/not-found", "/problem/{Status:int}",
    ];

    [Fact]
    public void Every_page_asks_for_someone()
    {
        var pages = typeof(Program).Assembly.GetTypes().Where(t => t.GetCustomAttributes<RouteAttribute>().Any()).ToList();
        Assert.NotEmpty(pages);
        Assert.Empty(pages.SelectMany(Violations));
    }

    [Fact]
    public void An_open_page_is_found()
    {
        Assert.Single(Violations(typeof(OpenPage)));
        Assert.Single(Violations(typeof(AnonymousPage)));
        Assert.Empty(Violations(typeof(ClosedPage)));
    }

    private static IEnumerable<string> Violations(Type page)
    {
        var open = page.GetCustomAttributes<AllowAnonymousAttribute>(inherit: true).Any() || !page.GetCustomAttributes<AuthorizeAttribute>(inherit: true).Any();
        return open
            ? page.GetCustomAttributes<RouteAttribute>().Select(r => r.Template).Except(ForEveryone).Select(route => $"{page.Name} ({route}) is open to anyone")
            : [];
    }

    [Route("/open")]
    private sealed class OpenPage : ComponentBase;

    [Route("/anonymous"), Authorize, AllowAnonymous]
    private sealed class AnonymousPage : ComponentBase;

    [Route("/closed"), Authorize]
    private sealed class ClosedPage : ComponentBase;
}
