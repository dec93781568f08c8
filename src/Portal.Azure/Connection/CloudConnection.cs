using Azure.Core;
using Azure.Core.Pipeline;
using Azure.ResourceManager;
using Azure.Security.KeyVault.Secrets;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Options;
using Microsoft.Graph;
using Microsoft.Graph.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary.Middleware;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Grants.Pacing;

namespace Portal.Azure.Connection;

/// <summary>One credential, one ArmClient, one GraphServiceClient for the whole process.</summary>
/// <remarks>
/// No SDK retries here. The grant engine has its own back-off and must see each 429 with its Retry-After; a person waiting for
/// Graph is not served by a hidden minute of waiting. A read that meets a broken connection or a 5xx is sent once more by
/// <see cref="AnswerGate"/>, and that is all.
/// </remarks>
internal sealed class CloudConnection : IDisposable
{
    private static readonly TimeSpan LongestBlobCall = TimeSpan.FromSeconds(10);

    private readonly HttpClient identityHttp;
    private readonly HttpClient azureHttp;
    private readonly HttpClient graphHttp;
    private readonly HttpClient blobHttp;
    private readonly HttpClientTransport azureTransport;

    public CloudConnection(IOptions<CloudOptions> options, IOptions<PortalApplication> application, CloudTransport transport, CloudFaults faults, CallPacing pacing, ClockWatch clocks, TimeProvider clock)
    {
        Options = options.Value;
        Application = application.Value;
        identityHttp = new HttpClient(new IssuerHandler(pacing, Options.CallTimeout, clock) { InnerHandler = transport.CreateHandler() }) { Timeout = Options.CallTimeout };
        var wire = new SharedConnections { InnerHandler = transport.CreateHandler() };
        azureHttp = new HttpClient(Gate(new PacedHandler(new Uri(Options.ResourceManagerEndpoint), Options.CallTimeout, pacing, clocks, clock, faults) { InnerHandler = wire }, missingIsAnAnswer: true)) { Timeout = Timeout.InfiniteTimeSpan };
        azureTransport = new HttpClientTransport(azureHttp);
        Credential = PortalCredential.Create(Options, Application, new HttpClientTransport(identityHttp));

        var endpoint = new Uri(Options.ResourceManagerEndpoint);
        var audience = Options.ResourceManagerAudience ?? endpoint.GetLeftPart(UriPartial.Authority) + "/";
        Arm = new ArmClient(Credential, null, Set(new ArmClientOptions { Environment = new ArmEnvironment(endpoint, audience) }));

        GraphAddress = new Uri(Options.GraphEndpoint);
        // Kiota's own retries and redirects are taken out, for the reason above.
        var handlers = GraphClientFactory.CreateDefaultHandlers().Where(h => h is not (RetryHandler or RedirectHandler));
        graphHttp = GraphClientFactory.Create(handlers, finalHandler: Gate(transport.CreateHandler()));
        graphHttp.Timeout = Timeout.InfiniteTimeSpan;
        var graph = GraphAddress.GetLeftPart(UriPartial.Authority);
        Graph = new GraphServiceClient(graphHttp,
            // The allowed host is named: by default the token is silently left out for a host that the library does not know.
            new AzureIdentityAuthenticationProvider(Credential, [GraphAddress.Host], null, true, [graph + "/.default"]),
            graph + "/v1.0");

        // No gate: what Blob Storage answers is XML, and its faults are those of the checkpoint store.
        blobHttp = new HttpClient(transport.CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };

        AnswerGate Gate(HttpMessageHandler inner, bool missingIsAnAnswer = false) => new(faults, Options.CallTimeout, missingIsAnAnswer) { InnerHandler = inner };
    }

    internal CloudOptions Options { get; }

    internal PortalApplication Application { get; }

    internal Guid TenantId => Guid.Parse(Application.TenantId!);

    internal TokenCredential Credential { get; }

    internal ArmClient Arm { get; }

    internal GraphServiceClient Graph { get; }

    internal Uri GraphAddress { get; }

    /// <summary>Options for a client of one vault. The check of the challenge's resource against the vault's domain stays on.</summary>
    internal SecretClientOptions VaultOptions() => Set(new SecretClientOptions());

    /// <summary>Options for a client of Blob Storage. No waiting inside a call: the sealer holds a lease of seconds, and tries again by itself.</summary>
    internal BlobClientOptions BlobOptions()
    {
        var options = new BlobClientOptions { Transport = new HttpClientTransport(blobHttp) };
        options.Retry.MaxRetries = 0;
        options.Retry.NetworkTimeout = Options.CallTimeout < LongestBlobCall ? Options.CallTimeout : LongestBlobCall;
        return options;
    }

    public void Dispose()
    {
        blobHttp.Dispose();
        identityHttp.Dispose();
        azureHttp.Dispose();
        graphHttp.Dispose();
    }

    private T Set<T>(T options) where T : ClientOptions
    {
        options.Transport = azureTransport;
        options.Retry.MaxRetries = 0;
        // Room for the gate's two tries, each of which has its own limit.
        options.Retry.NetworkTimeout = Options.CallTimeout * 2 + TimeSpan.FromSeconds(5);
        return options;
    }
}
