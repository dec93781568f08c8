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

/// <summary>The <c>scope</c> parameter as Entra ID reads it: OpenID scopes beside the scopes of one resource.</summary>
/// <param name="Kind">Which resource.</param>
/// <param name="Audience">What goes into <c>aud</c>: the identifier as it was asked for.</param>
/// <param name="Application">The application whose API is asked for; null for a cloud service.</param>
/// <param name="Names">Scopes asked for, without the resource; empty means what Entra gives by default.</param>
/// <param name="Text">The parameter as it came.</param>
internal sealed record RequestedScopes(ResourceKind Kind, string Audience, DirectoryServicePrincipal? Application, IReadOnlyList<string> Names, string Text)
{
    private const string Default = ".default";
    private static readonly string[] OpenId = ["openid", "profile", "email", "offline_access"];

    /// <summary>Whether the one scope is <c>.default</c>.</summary>
    public bool IsDefault => Names is [Default];

    /// <summary>Reads the parameter. An error is an AADSTS code with its text.</summary>
    public static (RequestedScopes? Scopes, EntraError? Error) Parse(string? scope, DirectoryState directory)
    {
        var text = scope ?? "";
        string? resource = null;
        var names = new List<string>();
        foreach (var item in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (OpenId.Contains(item, StringComparer.OrdinalIgnoreCase)) continue;
            // What stands before the last slash is the resource: "https://vault.azure.net//.default" asks for "https://vault.azure.net/".
            var slash = item.LastIndexOf('/');
            var (prefix, name) = slash < 0 ? (Audiences.Graph[0], item) : (item[..slash], item[(slash + 1)..]);
            if (name.Length == 0) return (null, EntraError.InvalidScope(text));
            if (resource is not null && !string.Equals(prefix, resource, StringComparison.OrdinalIgnoreCase)) return (null, EntraError.SeveralResources(text));
            resource = prefix;
            names.Add(name);
        }

        if (names.Contains(Default) && names.Count > 1) return (null, EntraError.DefaultWithOthers(text));
        var audience = resource ?? Audiences.Graph[0];
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
