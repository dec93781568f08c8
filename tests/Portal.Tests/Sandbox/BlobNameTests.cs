namespace Portal.Tests.Sandbox;

/// <summary>Names of blobs on the wire: they may hold any character, and clients encode each in their own way.</summary>
public sealed class BlobNameTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private BlobClients Blobs => new(sandbox);

    [Theory]
    [InlineData("/one%2Ftwo", "one/two")]
    [InlineData("/one%2ftwo%2Fthree", "one/two/three")]
    [InlineData("/one/three", "one/three")]
    [InlineData("/a%252Fb", "a%2Fb")]
    [InlineData("/100%25", "100%")]
    [InlineData("/pl+us%20%C3%A4%3F", "pl+us ä?")]
    public async Task A_name_is_decoded_once(string path, string name)
    {
        Assert.Equal(201, (await Blobs.SendAsync(HttpMethod.Put, path, "x")).Status);
        Assert.Contains(name, sandbox.Host.Control.Blobs.Blobs(BlobClients.Account, BlobClients.ContainerName).Select(b => b.Name));
        Assert.Equal(200, (await Blobs.SendAsync(HttpMethod.Get, path)).Status);
    }

    [Theory]
    [InlineData("2026/11/29/note")]
    [InlineData("as it is: %2F, 100 %, ä and + ?")]
    public async Task The_real_client_finds_in_the_list_the_name_that_it_wrote(string name)
    {
        var blob = Blobs.Container.GetBlobClient(name);
        await blob.UploadAsync(BinaryData.FromString("x"), Ct);
        var names = new List<string>();
        await foreach (var item in Blobs.Container.GetBlobsAsync(cancellationToken: Ct)) names.Add(item.Name);
        Assert.Contains(name, names);
        Assert.Equal("x", (await blob.DownloadContentAsync(Ct)).Value.Content.ToString());
    }

    [Theory]
    [InlineData("/a%01b", "InvalidResourceName")]
    [InlineData("/a%0Ab", "InvalidResourceName")]
    [InlineData("/a%7Fb", "InvalidResourceName")]
    [InlineData("/a%EF%BF%BEb", "InvalidResourceName")]
    [InlineData("/", "InvalidUri")]
    public async Task A_name_that_no_list_could_show_is_refused(string path, string code)
    {
        var refused = await Blobs.SendAsync(HttpMethod.Put, path, "x");
        Assert.Equal((400, code), (refused.Status, refused.Headers["x-ms-error-code"]));
        Assert.Equal(200, (await Blobs.SendAsync(HttpMethod.Get, "?restype=container&comp=list")).Status);
    }

    [Fact]
    public async Task A_name_has_1024_characters_at_most()
    {
        Assert.Equal(201, (await Blobs.SendAsync(HttpMethod.Put, "/" + string.Concat(Enumerable.Repeat("%C3%A4", 1024)), "x")).Status);
        var refused = await Blobs.SendAsync(HttpMethod.Put, "/" + new string('a', 1025), "x");
        Assert.Equal((400, "OutOfRangeInput"), (refused.Status, refused.Headers["x-ms-error-code"]));
    }

    [Theory]
    [InlineData("prefix")]
    [InlineData("delimiter")]
    public async Task A_list_is_not_asked_for_what_no_name_has(string parameter)
    {
        var refused = await Blobs.SendAsync(HttpMethod.Get, $"?restype=container&comp=list&{parameter}=%01");
        Assert.Equal((400, "InvalidQueryParameterValue"), (refused.Status, refused.Headers["x-ms-error-code"]));
    }

    [Theory]
    [InlineData("x-ms-meta-note", "InvalidMetadata")]
    [InlineData("x-ms-blob-content-type", "InvalidHeaderValue")]
    [InlineData("x-ms-blob-content-language", "InvalidHeaderValue")]
    public async Task What_is_said_of_a_blob_can_be_said_again(string header, string code)
    {
        var refused = await Blobs.SendAsync(HttpMethod.Put, "/with-" + header, "x", (header, "a\u0001b"));
        Assert.Equal((400, code), (refused.Status, refused.Headers["x-ms-error-code"]));
        Assert.Equal(200, (await Blobs.SendAsync(HttpMethod.Get, "?restype=container&comp=list&include=metadata")).Status);
    }
}
