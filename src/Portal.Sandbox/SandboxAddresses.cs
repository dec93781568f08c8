using Portal.Sandbox.Company;

namespace Portal.Sandbox;

/// <summary>Where a started sandbox is found.</summary>
/// <param name="HttpsPort">The port that serves every cloud service by host name, on the loopback addresses.</param>
/// <param name="HttpPort">The plain port for browsers, on the loopback addresses.</param>
public sealed record SandboxAddresses(int HttpsPort, int HttpPort)
{
    /// <summary>Tenant id of the sandbox's only company.</summary>
    public Guid TenantId => FenwickCompany.TenantId;

    /// <summary>The instance as Microsoft.Identity.Web wants it, with a slash at the end.</summary>
    public string Instance => $"https://localhost:{HttpsPort}/";

    /// <summary>The v2.0 authority, which is also the issuer of every token.</summary>
    public string Authority => $"https://localhost:{HttpsPort}/{TenantId}/v2.0";

    /// <summary>Where a browser starts: what the sandbox is, with the way to the reader page.</summary>
    public string FrontPage => $"http://localhost:{HttpPort}/";

    /// <summary>The page that reads a secret as a person.</summary>
    public string ReaderPage => $"http://localhost:{HttpPort}/reader";
}
