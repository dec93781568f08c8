using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs.Models;

namespace Portal.Tests.Sandbox;

/// <summary>Parts of a blob: how the management libraries and the command line download anything.</summary>
public sealed class BlobRangeTests : IAsyncLifetime
{
    private const string Text = "0123456789";
    private readonly SandboxFixture _sandbox = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private BlobClients Blobs => new(_sandbox);

    public async ValueTask InitializeAsync()
    {
        await _sandbox.InitializeAsync();
        await Blobs.Container.UploadBlobAsync("digits", BinaryData.FromString(Text), Ct);
        await Blobs.Container.UploadBlobAsync("empty", BinaryData.FromString(""), Ct);
    }

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Theory]
    [InlineData("digits", Text)]
    [InlineData("empty", "")]
    public async Task A_download_in_pieces_is_the_blob(string name, string expected)
    {
        var blob = Blobs.Container.GetBlobClient(name);
        using var into = new MemoryStream();
        await blob.DownloadToAsync(into, new BlobDownloadToOptions { TransferOptions = new StorageTransferOptions { InitialTransferSize = 4, MaximumTransferSize = 3, MaximumConcurrency = 2 } }, Ct);
        Assert.Equal(expected, System.Text.Encoding.UTF8.GetString(into.ToArray()));
        using var reader = new StreamReader(await blob.OpenReadAsync(new BlobOpenReadOptions(allowModifications: false) { BufferSize = 4 }, Ct));
        Assert.Equal(expected, await reader.ReadToEndAsync(Ct));
    }

    [Theory]
    [InlineData("bytes=0-3", "0123", "bytes 0-3/10")]
    [InlineData("bytes=9-9", "9", "bytes 9-9/10")]
    [InlineData("bytes=4-", "456789", "bytes 4-9/10")]
    [InlineData("bytes=0-9", Text, "bytes 0-9/10")]
    [InlineData("bytes=8-99999999999", "89", "bytes 8-9/10")]
    public async Task A_part_says_which_it_is_and_what_the_whole_blob_hashes_to(string range, string expected, string says)
    {
        foreach (var header in new[] { "Range", "x-ms-range" })
        {
            var part = await Blobs.SendAsync(HttpMethod.Get, "/digits", headers: (header, range));
            Assert.Equal((206, expected, says), (part.Status, part.Text, part.Headers["Content-Range"]));
            Assert.Equal(Hash(Text), part.Headers["x-ms-blob-content-md5"]);
            Assert.False(part.Headers.ContainsKey("Content-MD5"));
        }

        var checkedPart = await Blobs.SendAsync(HttpMethod.Get, "/digits", null, ("x-ms-range", range), ("x-ms-range-get-content-md5", "true"));
        Assert.Equal(Hash(expected), checkedPart.Headers["Content-MD5"]);
    }

    [Fact]
    public async Task The_services_own_header_counts_before_the_one_of_http()
    {
        var part = await Blobs.SendAsync(HttpMethod.Get, "/digits", null, ("Range", "bytes=0-0"), ("x-ms-range", "bytes=5-5"));
        Assert.Equal("5", part.Text);
    }

    [Theory]
    [InlineData("digits", "bytes=10-", 10)]
    [InlineData("digits", "bytes=11-20", 10)]
    [InlineData("empty", "bytes=0-3", 0)]
    public async Task A_part_behind_the_end_is_refused_with_the_size(string name, string range, int size)
    {
        var refused = await Blobs.SendAsync(HttpMethod.Get, "/" + name, headers: ("x-ms-range", range));
        Assert.Equal((416, "InvalidRange", $"bytes */{size}"), (refused.Status, refused.Headers["x-ms-error-code"], refused.Headers["Content-Range"]));
    }

    [Theory]
    [InlineData("bytes=-3")]
    [InlineData("bytes=5-4")]
    [InlineData("bytes=0-1,3-4")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=99999999999999999999-")]
    [InlineData("items=0-1")]
    public async Task What_is_no_range_is_refused_and_names_the_header(string range)
    {
        foreach (var header in new[] { "Range", "x-ms-range" })
        {
            var refused = await Blobs.SendAsync(HttpMethod.Get, "/digits", headers: (header, range));
            Assert.Equal((400, "InvalidHeaderValue"), (refused.Status, refused.Headers["x-ms-error-code"]));
            Assert.Contains(header + ".", refused.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("x-ms-range-get-content-md5", "yes", "InvalidHeaderValue")]
    [InlineData("If-Range", "\"0x1\"", "UnsupportedHeader")]
    public async Task What_goes_with_a_range_and_is_not_honoured_is_refused(string header, string value, string code)
    {
        var refused = await Blobs.SendAsync(HttpMethod.Get, "/digits", null, ("x-ms-range", "bytes=0-3"), (header, value));
        Assert.Equal((400, code), (refused.Status, refused.Headers["x-ms-error-code"]));
        var whole = await Blobs.SendAsync(HttpMethod.Get, "/digits", null, ("x-ms-range-get-content-md5", "true"));
        Assert.Equal((400, "InvalidHeaderValue"), (whole.Status, whole.Headers["x-ms-error-code"]));
    }

    [Fact]
    public async Task A_part_of_a_blob_that_changed_meanwhile_is_not_given()
    {
        Blobs.LiftPolicy();
        var blob = Blobs.Container.GetBlobClient("digits");
        var seen = (await blob.GetPropertiesAsync(cancellationToken: Ct)).Value.ETag;
        await blob.UploadAsync(BinaryData.FromString("other"), overwrite: true, Ct);
        var stale = new BlobDownloadOptions { Range = new HttpRange(2, 2), Conditions = new BlobRequestConditions { IfMatch = seen } };
        Assert.Equal((412, "ConditionNotMet"), await BlobClients.RefusedAsync(() => blob.DownloadStreamingAsync(stale, Ct)));
    }

#pragma warning disable CA5351 // What the service gives for integrity on the way.
    private static string Hash(string text) => Convert.ToBase64String(MD5.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351
}
