using Portal.Sandbox.Company;

namespace Portal.Sandbox.Entra;

/// <summary>What a token is asked for.</summary>
internal enum ResourceKind
{
    Graph,
    KeyVault,
    ResourceManager,
    Storage,

    /// <summary>An application's own API.</summary>
    Application,
}

/// <summary>What the <c>scope</c> parameter asks of one resource, with the OpenID scopes beside it.</summary>
/// <param name="Kind">Which resource.</param>
/// <param name="Audience">What goes into <c>aud</c>: the identifier as it was asked for.</param>
/// <param name="Application">The application whose API is asked for; null for a cloud service.</param>
/// <param name="Names">Scopes asked for, without the resource; empty means what Entra gives by default.</param>
/// <param name="Text">The parameter as it came, without what it asks of other resources.</param>
internal sealed record RequestedScopes(ResourceKind Kind, string Audience, DirectoryServicePrincipal? Application, IReadOnlyList<string> Names, string Text)
{
    private const string Default = ".default";
    private static readonly string[] OpenId = ["openid", "profile", "email", "offline_access"];

    /// <summary>Whether the one scope is <c>.default</c>.</summary>
    public bool IsDefault => Names is [Default];

    /// <summary>Reads the parameter where it is for a token, which is for one resource. An error is an AADSTS code with its text.</summary>
    public static (RequestedScopes? Scopes, EntraError? Error) Parse(string? scope, DirectoryState directory)
    {
        if (ByResource(scope).Resources.Count > 1) return (null, EntraError.SeveralResources(scope!));
        var (resources, error) = ParseAll(scope, directory);
        return error is null ? (resources[0], null) : (null, error);
    }

    /// <summary>
    /// Reads the parameter where it is for a sign-in, which can cover several resources: one item for each, in the order in which they are
    /// first named; without any, what Entra gives by default.
    /// </summary>
    public static (IReadOnlyList<RequestedScopes> Resources, EntraError? Error) ParseAll(string? scope, DirectoryState directory)
    {
        var (openId, resources) = ByResource(scope);
        var names = resources.SelectMany(r => r.Items).Select(NameIn).ToList();
        if (names.Contains("")) return ([], EntraError.InvalidScope(scope!));
        if (names.Contains(Default) && names.Count > 1) return ([], EntraError.DefaultWithOthers(scope!));
        if (resources.Count == 0) resources = [(Audiences.Graph[0], [])];

        var all = new List<RequestedScopes>();
        foreach (var (resource, items) in resources)
        {
            var (one, error) = Of(resource, [.. items.Select(NameIn)], string.Join(' ', openId.Concat(items)), directory);
            if (error is not null) return ([], error);
            all.Add(one!);
        }

        return (all, null);
    }

    private static (IReadOnlyList<string> OpenId, IReadOnlyList<(string Resource, IReadOnlyList<string> Items)> Resources) ByResource(string? scope)
    {
        var items = (scope ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToLookup(i => OpenId.Contains(i, StringComparer.OrdinalIgnoreCase));
        return ([.. items[true]], [.. items[false].GroupBy(ResourceIn, StringComparer.OrdinalIgnoreCase).Select(g => (g.Key, (IReadOnlyList<string>)[.. g]))]);
    }

    // What stands before the last slash is the resource: "https://vault.azure.net//.default" asks for "https://vault.azure.net/".
    private static string ResourceIn(string item) => item.LastIndexOf('/') is var slash and >= 0 ? item[..slash] : Audiences.Graph[0];

    private static string NameIn(string item) => item[(item.LastIndexOf('/') + 1)..];

    private static (RequestedScopes? Scopes, EntraError? Error) Of(string audience, IReadOnlyList<string> names, string text, DirectoryState directory)
    {
        if (KindOf(audience) is { } kind) return (new RequestedScopes(kind, audience, null, names, text), null);
        if (ApplicationOf(audience, directory) is { } application)
            return (new RequestedScopes(ResourceKind.Application, application.AppId.ToString(), application, names, text), null);
        return (null, EntraError.UnknownResource(audience));
    }

    /// <summary>
    /// The delegated permissions that go into <c>scp</c>: all that the company has consented to for this client and resource, as Entra
    /// does. An error when something was asked for beyond them.
    /// </summary>
    public (IReadOnlyList<string> Scopes, EntraError? Error) Delegated(DirectoryServicePrincipal client)
    {
        string[] consented = Kind switch
        {
            ResourceKind.Graph => ["email", "openid", "profile", .. client.GraphScopes],
            ResourceKind.KeyVault or ResourceKind.ResourceManager or ResourceKind.Storage => ["user_impersonation"],
            ResourceKind.Application => [.. Application!.ApiScopes],
            _ => throw new InvalidOperationException($"Unknown resource {Kind}."),
        };
        var missing = Names.Where(n => n != Default && !consented.Contains(n, StringComparer.OrdinalIgnoreCase)).ToList();
        return missing.Count == 0 && consented.Length > 0 ? (consented, null) : ([], EntraError.ConsentMissing(client));
    }

    /// <summary>
    /// The <c>scope</c> of a delegated answer. Clients file the token under it, so it holds what was asked for, in the form in which
    /// it was asked for, and what was granted.
    /// </summary>
    public string Granted(IReadOnlyList<string> scopes)
    {
        var asked = Text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(s => !string.Equals(s, "offline_access", StringComparison.OrdinalIgnoreCase));
        var prefix = Kind switch
        {
            ResourceKind.Graph => "",
            ResourceKind.Application => $"api://{Audience}/",
            _ => Audience + "/",
        };
        return string.Join(' ', asked.Concat(scopes.Select(s => prefix + s)).Distinct(StringComparer.OrdinalIgnoreCase));
    }

    private static ResourceKind? KindOf(string resource) =>
        Audiences.KeyVault.Contains(resource, StringComparer.OrdinalIgnoreCase) ? ResourceKind.KeyVault
        : Audiences.ResourceManager.Contains(resource, StringComparer.OrdinalIgnoreCase) ? ResourceKind.ResourceManager
        : Audiences.Storage.Contains(resource, StringComparer.OrdinalIgnoreCase) ? ResourceKind.Storage
        : Audiences.Graph.Contains(resource, StringComparer.OrdinalIgnoreCase) ? ResourceKind.Graph
        : null;

    private static DirectoryServicePrincipal? ApplicationOf(string resource, DirectoryState directory)
    {
        const string scheme = "api://";
        var id = resource.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? resource[scheme.Length..] : resource;
        return Guid.TryParse(id, out var appId) ? directory.FindApplication(appId) : null;
    }
}
