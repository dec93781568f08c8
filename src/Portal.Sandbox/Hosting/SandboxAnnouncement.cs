using Microsoft.Extensions.Logging;

namespace Portal.Sandbox.Hosting;

/// <summary>What the start says: everything that a foreign client needs.</summary>
internal static partial class SandboxAnnouncement
{
    public static void Say(SandboxHost host, ILogger? logger)
    {
        var text = $"""
            Sandbox is up (everything in it is made up; see docs/sandbox.md)
              browser         {host.Addresses.FrontPage}
              reader page     {host.Addresses.ReaderPage}
              authority       {host.Addresses.Authority}
              services        https on port {host.Addresses.HttpsPort}: management.azure.com, graph.microsoft.com, *.vault.azure.net, *.blob.core.windows.net
              certificate     {host.CertificateFile}
              client id       {host.ExplorerClient.ClientId}
              client secret   {host.ExplorerClient.ClientSecret}
            """;
        if (logger is null) Console.Out.WriteLine(text);
        else Started(logger, text);
    }

    // The explorer's secret opens a made-up company on this machine until the sandbox stops: handing it out is the point.
    [LoggerMessage(1, LogLevel.Information, "{Announcement}")]
    private static partial void Started(ILogger logger, string announcement);
}
