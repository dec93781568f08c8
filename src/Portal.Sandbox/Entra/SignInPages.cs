using System.Text;
using Microsoft.AspNetCore.Http;
using OpenIddict.Abstractions;
using Portal.Sandbox.Company;
using Portal.Sandbox.Hosting;

namespace Portal.Sandbox.Entra;

/// <summary>The sign-in page with its people, and the pages for what went wrong or came to an end.</summary>
internal static class SignInPages
{
    /// <summary>The form field that says who signs in: an object id, or <see cref="Nobody"/>.</summary>
    public const string PersonField = "sandbox_user";

    /// <summary>Value of <see cref="PersonField"/> for going back without signing in.</summary>
    public const string Nobody = "nobody";

    public static IResult SignIn(OpenIddictRequest request, DirectoryState directory, SandboxAddresses addresses)
    {
        var application = Guid.TryParse(request.ClientId, out var clientId) ? directory.FindApplication(clientId)?.DisplayName : null;
        var contexts = ClaimsRequest.ContextsIn((string?)request["claims"]);
        var html = new StringBuilder();
        html.Append($"""
            <div class="card">
            <p class="brand">Fenwick Trading</p>
            <h1>Who are you today?</h1>
            <p class="soft">Choose a person to sign in to {Page.Text(application)}.</p>
            """);
        if (contexts.Count > 0)
            html.Append($"<p class=\"verdict yes\">Stronger sign-in asked for: {Page.Text(string.Join(", ", contexts))}. Choosing a person counts as that here.</p>");

        html.Append($"<form method=\"post\" action=\"{Path}\">");
        foreach (var (name, value) in request.GetParameters())
        {
            if (name == PersonField || (string?)value is not { } text) continue;
            html.Append($"<input type=\"hidden\" name=\"{Page.Text(name)}\" value=\"{Page.Text(text)}\">");
        }

        html.Append("<ul class=\"people\">");
        foreach (var person in directory.Users.Where(u => u.Introduction is not null).OrderBy(u => u.Id)) html.Append(Choice(person, request.LoginHint));
        html.Append($"""
            </ul>
            <footer>
            <p><button class="plain" type="submit" name="{PersonField}" value="{Nobody}">Go back without signing in</button></p>
            <p>Want to see what a person can read? <a href="{Page.Text(addresses.ReaderPage)}">Read a secret as one of them</a>.</p>
            </footer>
            </form>
            </div>
            """);
        return new Page("Sign in", html.ToString()) { FormOrigin = OriginOf(request.RedirectUri) };
    }

    /// <summary>An error that is not sent back to the application.</summary>
    public static IResult Refused(string description) => new Page("Sign-in refused", $"""
        <div class="card">
        <p class="brand">Fenwick Trading</p>
        <h1>Sorry, signing in did not work</h1>
        <p class="verdict no">{Page.Text(description)}</p>
        <p class="soft">Go back in your browser to choose someone else, or check how the application is registered.</p>
        </div>
        """) { Status = StatusCodes.Status400BadRequest };

    public static IResult SignedOut(SandboxAddresses addresses) => new Page("Signed out", $"""
        <div class="card">
        <p class="brand">Fenwick Trading</p>
        <h1>You are signed out</h1>
        <p class="soft">It is safe to close this window.</p>
        <p><a href="{Page.Text(addresses.FrontPage)}">To the sandbox's front page</a></p>
        </div>
        """);

    private static string Path => $"/{FenwickCompany.TenantId}/oauth2/v2.0/authorize";

    private static string Choice(DirectoryUser person, string? hint)
    {
        var focus = string.Equals(hint, person.UserPrincipalName, StringComparison.OrdinalIgnoreCase) ? " autofocus" : "";
        return $"""
            <li><button class="person" type="submit" name="{PersonField}" value="{person.Id}"{focus}>
            <span class="mark" aria-hidden="true">{Page.Text($"{person.GivenName[0]}{person.Surname[0]}")}</span>
            <span class="name">{Page.Text(person.DisplayName)} <small>{Page.Text(person.UserPrincipalName)}</small></span>
            <span class="line">{Page.Text(person.AccountEnabled ? person.Introduction : "This account is disabled.")}</span>
            </button></li>
            """;
    }

    private static string? OriginOf(string? uri) => Uri.TryCreate(uri, UriKind.Absolute, out var address) ? address.GetLeftPart(UriPartial.Authority) : null;
}
