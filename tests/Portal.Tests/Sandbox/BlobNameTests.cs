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
}
