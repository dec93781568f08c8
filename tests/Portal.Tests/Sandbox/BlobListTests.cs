using Azure.Storage.Blobs.Models;

namespace Portal.Tests.Sandbox;

/// <summary>List Blobs as clients ask for it: by folders, with metadata, in pages of any size.</summary>
public sealed class BlobListTests : IAsyncLifetime
{
    private readonly SandboxFixture _sandbox = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private BlobClients Blobs => new(_sandbox);

    public async ValueTask InitializeAsync()
    {
        await _sandbox.InitializeAsync();
        foreach (var name in new[] { "a", "b/1", "b/2", "b/c/3", "b-", "d/4", "e", "f/5", "f/6" })
            _sandbox.Host.Control.Blobs.Write(BlobClients.Account, BlobClients.ContainerName, name, [1]);
    }

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task Folders_stand_for_what_is_in_them_and_count_as_one_whatever_the_page(int size)
    {
        Assert.Equal(["a", "b-", "b/", "d/", "e", "f/"], await FoldersAsync(null, "/", size));
        Assert.Equal(["b/1", "b/2", "b/c/"], await FoldersAsync("b/", "/", size));
        Assert.Equal(["b-", "b/"], await FoldersAsync("b", "/", size));
        Assert.Equal(["a", "b-", "b/1", "b/2", "b/c/", "d/4", "e", "f/5", "f/6"], await FoldersAsync(null, "/c/", size));
    }

    [Fact]
    public async Task A_page_above_five_thousand_is_one_of_five_thousand_and_one_of_none_is_refused()
    {
        for (var i = 0; i < 5000; i++) _sandbox.Host.Control.Blobs.Write(BlobClients.Account, BlobClients.ContainerName, $"z{i:d4}", [1]);
        var pages = new List<int>();
        await foreach (var page in Blobs.Container.GetBlobsAsync(cancellationToken: Ct).AsPages(pageSizeHint: 9000)) pages.Add(page.Values.Count);
        Assert.Equal([5000, 9], pages);
        foreach (var size in new[] { "0", "-1", "many" }) Assert.Equal(400, (await Blobs.SendAsync(HttpMethod.Get, $"?restype=container&comp=list&maxresults={size}")).Status);
    }

    [Theory]
    [InlineData("include=metadata", 200)]
    [InlineData("include=metadata,copy", 200)]
    [InlineData("include=copy&include=metadata", 200)]
    [InlineData("include=", 200)]
    [InlineData("include=snapshots", 400)]
    [InlineData("include=metadata,versions", 400)]
    [InlineData("showonly=deleted", 400)]
    public async Task What_a_list_is_asked_to_include_is_there_or_refused(string query, int status) =>
        Assert.Equal(status, (await Blobs.SendAsync(HttpMethod.Get, "?restype=container&comp=list&" + query)).Status);

    private async Task<List<string>> FoldersAsync(string? prefix, string delimiter, int size)
    {
        var names = new List<string>();
        await foreach (var page in Blobs.Container.GetBlobsByHierarchyAsync(new GetBlobsByHierarchyOptions { Prefix = prefix, Delimiter = delimiter }, Ct).AsPages(pageSizeHint: size))
        {
            Assert.InRange(page.Values.Count, 1, size);
            names.AddRange(page.Values.Select(v => v.IsPrefix ? v.Prefix : v.Blob.Name));
        }

        return [.. names.Order(StringComparer.Ordinal)];
    }
}
