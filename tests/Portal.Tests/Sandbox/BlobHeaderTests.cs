using System.Net.Http.Headers;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>What is said of a blob beside its bytes, and the conditions under which it is read and deleted.</summary>
public sealed class BlobHeaderTests : IAsyncLifetime
{
    private readonly SandboxFixture _sandbox = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private BlobClients Blobs => new(_sandbox);

    public ValueTask InitializeAsync() => _sandbox.InitializeAsync();

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Fact]
    public async Task Metadata_and_headers_are_kept_and_given_back()
    {
        var blob = Blobs.Container.GetBlobClient("note-1");
        await blob.UploadAsync(BinaryData.FromString("x"), new BlobUploadOptions
        {
            HttpHeaders = new BlobHttpHeaders { ContentType = "text/plain", ContentEncoding = "gzip", ContentLanguage = "en, de", CacheControl = "no-store", ContentDisposition = "attachment; filename=\"n\"" },
            Metadata = new Dictionary<string, string> { ["Origin"] = "portal", ["_seal2"] = "a b" },
        }, Ct);

        var properties = (await blob.GetPropertiesAsync(cancellationToken: Ct)).Value;
        Assert.Equal(("text/plain", "gzip", "en, de", "no-store", "attachment; filename=\"n\""),
            (properties.ContentType, properties.ContentEncoding, properties.ContentLanguage, properties.CacheControl, properties.ContentDisposition));
        Assert.Equal(["Origin=portal", "_seal2=a b"], properties.Metadata.Select(m => $"{m.Key}={m.Value}").Order(StringComparer.Ordinal));
        var details = (await blob.DownloadContentAsync(Ct)).Value.Details;
        Assert.Equal(("gzip", "en, de", "no-store", "attachment; filename=\"n\"", 2), (details.ContentEncoding, details.ContentLanguage, details.CacheControl, details.ContentDisposition, details.Metadata.Count));

        var plain = Assert.Single(await ListAsync(BlobTraits.None));
        Assert.Equal(("gzip", "en, de", "no-store", "attachment; filename=\"n\""),
            (plain.Properties.ContentEncoding, plain.Properties.ContentLanguage, plain.Properties.CacheControl, plain.Properties.ContentDisposition));
        Assert.Empty(plain.Metadata);
        Assert.Equal("portal", Assert.Single(await ListAsync(BlobTraits.Metadata | BlobTraits.CopyStatus)).Metadata["Origin"]);
    }

    [Fact]
    public async Task Writing_over_a_blob_leaves_nothing_of_what_was_said_of_it()
    {
        Blobs.LiftPolicy();
        var blob = Blobs.Container.GetBlobClient("note-1");
        await blob.UploadAsync(BinaryData.FromString("x"), new BlobUploadOptions { Metadata = new Dictionary<string, string> { ["a"] = "b" }, HttpHeaders = new BlobHttpHeaders { CacheControl = "no-store" } }, Ct);
        await blob.UploadAsync(BinaryData.FromString("y"), overwrite: true, Ct);
        var properties = (await blob.GetPropertiesAsync(cancellationToken: Ct)).Value;
        Assert.Empty(properties.Metadata);
        Assert.Null(properties.CacheControl);
    }

    [Theory]
    [InlineData("x-ms-meta-9", "x", 400, "InvalidMetadata")]
    [InlineData("x-ms-meta-", "x", 400, "EmptyMetadataKey")]
    [InlineData("x-ms-blob-content-md5", "AAAAAAAAAAAAAAAAAAAAAA==", 400, "Md5Mismatch")]
    [InlineData("x-ms-tags", "a=b", 400, "UnsupportedHeader")]
    [InlineData("x-ms-access-tier", "Cool", 400, "UnsupportedHeader")]
    [InlineData("x-ms-lease-id", "0e4a5d2e-1111-4000-8000-000000000001", 400, "UnsupportedHeader")]
    [InlineData("x-ms-content-crc64", "AAAAAAAAAAA=", 400, "UnsupportedHeader")]
    [InlineData("x-ms-immutability-policy-mode", "Unlocked", 400, "UnsupportedHeader")]
    [InlineData("x-ms-if-tags", "a='b'", 400, "UnsupportedHeader")]
    [InlineData("If-Unmodified-Since", "Sun, 29 Nov 2026 00:00:00 GMT", 400, "UnsupportedHeader")]
    [InlineData("If-Match", "\"0x1\"", 400, "UnsupportedHeader")]
    [InlineData("If-None-Match", "\"0x1\"", 400, "UnsupportedHeader")]
    public async Task What_cannot_be_kept_or_honoured_at_a_write_is_refused_and_nothing_is_written(string header, string value, int status, string code)
    {
        var refused = await Blobs.SendAsync(HttpMethod.Put, "/note-1", "x", (header, value));
        Assert.Equal((status, code), (refused.Status, refused.Headers["x-ms-error-code"]));
        Assert.Empty(_sandbox.Host.Control.Blobs.Blobs(BlobClients.Account, BlobClients.ContainerName));
    }

    [Theory]
    [InlineData("x-ms-client-request-id", "ä")]
    [InlineData("x-ms-version", "2026-ä")]
    [InlineData("x-ms-version", "zzz")]
    [InlineData("x-ms-version", "2026-2-29")]
    [InlineData("x-ms-version", "2025-01-05, 2025-01-05")]
    public async Task A_header_that_could_not_be_given_back_is_refused(string header, string value)
    {
        using var handler = _sandbox.Host.CreateHandler();
        ((SocketsHttpHandler)handler).RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8;
        using var client = new HttpClient(handler);
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var request = new HttpRequestMessage(method, BlobClients.Address + "/note-1");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", new CloudClients(_sandbox.Host, handler).Token(FenwickCompany.PortalPrincipal, "https://storage.azure.com", isApp: true));
            request.Headers.TryAddWithoutValidation(header, value);
            if (header != "x-ms-version") request.Headers.Add("x-ms-version", "2025-01-05");
            using var refused = await client.SendAsync(request, Ct);
            Assert.Equal((400, "InvalidHeaderValue"), ((int)refused.StatusCode, Assert.Single(refused.Headers.GetValues("x-ms-error-code"))));
        }
    }

    [Fact]
    public async Task A_blob_is_read_and_deleted_as_it_was_seen_or_not_at_all()
    {
        Blobs.LiftPolicy();
        var blob = Blobs.Container.GetBlobClient("note-1");
        var first = (await blob.UploadAsync(BinaryData.FromString("first"), Ct)).Value.ETag;
        var second = (await blob.UploadAsync(BinaryData.FromString("second"), overwrite: true, Ct)).Value.ETag;
        var stale = new BlobRequestConditions { IfMatch = first };
        Assert.Equal((412, "ConditionNotMet"), await BlobClients.RefusedAsync(() => blob.DownloadContentAsync(new BlobDownloadOptions { Conditions = stale }, Ct)));
        Assert.Equal((412, "ConditionNotMet"), await BlobClients.RefusedAsync(() => blob.GetPropertiesAsync(stale, Ct)));
        Assert.Equal((412, "ConditionNotMet"), await BlobClients.RefusedAsync(() => blob.DeleteAsync(conditions: stale, cancellationToken: Ct)));
        foreach (var met in new[] { second, ETag.All })
            Assert.Equal("second", (await blob.DownloadContentAsync(new BlobDownloadOptions { Conditions = new BlobRequestConditions { IfMatch = met } }, Ct)).Value.Content.ToString());
        Assert.Equal(202, (await blob.DeleteAsync(conditions: new BlobRequestConditions { IfMatch = second }, cancellationToken: Ct)).Status);
        Assert.Equal((404, "BlobNotFound"), await BlobClients.RefusedAsync(() => blob.GetPropertiesAsync(cancellationToken: Ct)));
        Assert.Equal((404, "BlobNotFound"), await BlobClients.RefusedAsync(() => blob.DeleteAsync(conditions: new BlobRequestConditions { IfMatch = second }, cancellationToken: Ct)));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("DELETE")]
    public async Task A_condition_that_is_not_honoured_is_refused(string method)
    {
        Blobs.LiftPolicy();
        await Blobs.SendAsync(HttpMethod.Put, "/note-1", "x");
        foreach (var (name, value) in new[]
        {
            ("If-None-Match", "\"0x1\""), ("If-Modified-Since", "Sun, 29 Nov 2026 00:00:00 GMT"), ("If-Unmodified-Since", "Sun, 29 Nov 2026 00:00:00 GMT"), ("x-ms-if-tags", "a='b'"),
            ("x-ms-lease-id", "0e4a5d2e-1111-4000-8000-000000000001"),
        })
        {
            var refused = await Blobs.SendAsync(new HttpMethod(method), "/note-1", headers: (name, value));
            Assert.Equal((400, "UnsupportedHeader"), (refused.Status, refused.Headers["x-ms-error-code"]));
        }

        Assert.Single(_sandbox.Host.Control.Blobs.Blobs(BlobClients.Account, BlobClients.ContainerName));
    }

    private async Task<List<BlobItem>> ListAsync(BlobTraits traits)
    {
        var all = new List<BlobItem>();
        await foreach (var item in Blobs.Container.GetBlobsAsync(new GetBlobsOptions { Traits = traits }, Ct)) all.Add(item);
        return all;
    }
}
