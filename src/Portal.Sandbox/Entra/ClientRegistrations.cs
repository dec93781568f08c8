using System.Net;
using System.Security.Cryptography;
using System.Text;
using Portal.Sandbox.Company;
using Portal.Sandbox.Hosting;

namespace Portal.Sandbox.Entra;

/// <summary>Who may ask for tokens, with which secret and which redirect addresses.</summary>
internal sealed class ClientRegistrations(SandboxClients clients, DirectoryState directory, SandboxOptions options)
{
    /// <summary>The registration's service principal, or null.</summary>
    public DirectoryServicePrincipal? Find(string? clientId) =>
        Guid.TryParse(clientId, out var id) && clients.Find(id) is not null ? directory.FindApplication(id) : null;

    /// <summary>Compares in constant time.</summary>
    public bool SecretMatches(Guid clientId, string secret) =>
        clients.Find(clientId) is { } client
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(secret)), SHA256.HashData(Encoding.UTF8.GetBytes(client.ClientSecret)));

    /// <summary>Whether a browser may be sent back there after sign-in.</summary>
    public bool AllowsRedirect(Guid clientId, string? uri) => Allows(clientId, uri, "/signin-oidc");

    /// <summary>Whether a browser may be sent back there after sign-out.</summary>
    public bool AllowsPostLogout(Guid clientId, string? uri) => Allows(clientId, uri, "/signout-callback-oidc");

    private bool Allows(Guid clientId, string? uri, string portalPath)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var address) || address.Fragment.Length > 0 || address.UserInfo.Length > 0) return false;
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps) return false;

        if (clientId == FenwickCompany.PortalClientId)
        {
            var origin = address.GetLeftPart(UriPartial.Authority);
            return address.AbsolutePath == portalPath && (address.Host == "localhost" || options.PortalRedirectOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase));
        }

        // Any port and path of the loopback, as Entra ID allows for desktop clients (RFC 8252, 7.3).
        return address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
    }
}
