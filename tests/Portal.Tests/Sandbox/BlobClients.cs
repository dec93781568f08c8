using System.Net.Http.Headers;
using Azure;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>The real client of the company's container, and raw calls where it would not go, both in the portal's name.</summary>
internal sealed class BlobClients(SandboxFixture sandbox)
{
    public const string Account = "stfenwickaudit";
    public const string ContainerName = "audit-checkpoints";
    public const string Address = $"https://{Account}.blob.core.windows.net/{ContainerName}";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private CloudClients Cloud => new(sandbox.Host, sandbox.Handler);

    public BlobContainerClient Container => new(new Uri(Address), Cloud.Credential(FenwickCompany.PortalPrincipal, isApp: true),
        new BlobClientOptions { Transport = new HttpClientTransport(new HttpClient(sandbox.Handler, disposeHandler: false)), Retry = { MaxRetries = 0 } });

    /// <summary>Takes the immutability policy away, so that blobs can be changed and deleted.</summary>
    public void LiftPolicy() => sandbox.Host.Control.Blobs.Put(sandbox.Host.Control.Blobs.Find(Account, ContainerName)! with { Retention = null });

    public async Task<Answer> SendAsync(HttpMethod method, string rest, string? body = null, params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient(sandbox.Handler, disposeHandler: false);
        using var request = new HttpRequestMessage(method, Address + rest);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Cloud.Token(FenwickCompany.PortalPrincipal, "https://storage.azure.com", isApp: true));
        request.Headers.Add("x-ms-version", "2025-01-05");
        if (body is not null)
        {
            request.Content = new StringContent(body);
            request.Headers.Add("x-ms-blob-type", "BlockBlob");
        }

        foreach (var (name, value) in headers)
            if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content!.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request, Ct);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(Ct),
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
    }

    public static async Task<(int Status, string? Code)> RefusedAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RequestFailedException>(call);
        return (refused.Status, refused.ErrorCode);
    }
}
