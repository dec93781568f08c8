namespace Portal.Web.Hosting;

/// <summary>The one way out to the cloud: makes the innermost message handler of everything that talks to Entra ID, Resource Manager, Key Vault and Graph.</summary>
/// <remarks>Each caller owns the handler that it gets and disposes of it.</remarks>
/// <param name="CreateHandler">Makes a new handler.</param>
public sealed record CloudTransport(Func<HttpMessageHandler> CreateHandler)
{
    /// <summary>The network as it is, certificates verified by the system.</summary>
    public static CloudTransport Default { get; } = new(() => new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        AutomaticDecompression = System.Net.DecompressionMethods.All,
        // No redirect may carry a token to another host.
        AllowAutoRedirect = false,
        UseCookies = false,
    });
}
