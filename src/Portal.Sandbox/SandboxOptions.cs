using Microsoft.Extensions.Logging;

namespace Portal.Sandbox;

/// <summary>How a sandbox is started. The defaults are those of a developer's machine.</summary>
public sealed record SandboxOptions
{
    /// <summary>Port of the https listener that serves every cloud service by host name; 0 takes a free one.</summary>
    public int HttpsPort { get; init; } = 7444;

    /// <summary>Port of the plain listener for browsers: sign-in page, sign-out and reader; 0 takes a free one.</summary>
    public int HttpPort { get; init; } = 7446;

    /// <summary>Where the public certificate file is put. Made when missing. Relative paths start at the current directory.</summary>
    public string DataDirectory { get; init; } = Path.Combine(".portal", "sandbox");

    /// <summary>Seed of everything that is made up: the same seed gives the same company with the same secrets' values.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The portal's client secret; null makes a random one at each start.</summary>
    public string? PortalClientSecret { get; init; }

    /// <summary>The explorer client's secret; null makes a random one at each start.</summary>
    public string? ExplorerClientSecret { get; init; }

    /// <summary>
    /// Origins on which the portal's redirect addresses may stand besides <c>http(s)://localhost</c> on any port,
    /// e.g. <c>https://portal.fenwick.example</c>. The paths stay <c>/signin-oidc</c> and <c>/signout-callback-oidc</c>.
    /// </summary>
    public IReadOnlyList<string> PortalRedirectOrigins { get; init; } = [];

    /// <summary>Whether the start says its addresses, its certificate file and the explorer client's id and secret.</summary>
    public bool PrintAddresses { get; init; }

    /// <summary>Takes what the start says and the sandbox's own warnings and errors; null writes the former to the console and drops the latter.</summary>
    public ILogger? Logger { get; init; }
}
