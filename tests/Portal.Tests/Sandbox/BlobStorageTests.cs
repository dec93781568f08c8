using System.Text;
using System.Xml.Linq;
using Azure;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

/// <summary>Blob Storage on the wire: the real client, and raw calls where it would not go.</summary>
public sealed class BlobStorageTests : IAsyncLifetime
{
    private const string Address = "https://stfenwickaudit.blob.core.windows.net/audit-checkpoints";
    private const string Audience = "https://storage.azure.com";
    private static readonly BlobUploadOptions OnlyNew = new() { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } };

    private readonly SandboxFixture _sandbox = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private CloudClients Cloud => new(_sandbox.Host, _sandbox.Handler);

    private global::Portal.Sandbox.SandboxControl Control => _sandbox.Host.Control;

    public ValueTask InitializeAsync() => _sandbox.InitializeAsync();

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Fact]
    public async Task A_blob_is_written_once_and_read_and_neither_changed_nor_deleted_while_the_policy_holds()
    {
        var blob = Container().GetBlobClient("note-1");
        Assert.Equal(201, (await blob.UploadAsync(BinaryData.FromString("first"), OnlyNew, Ct)).GetRawResponse().Status);
        Assert.Equal("first", (await blob.DownloadContentAsync(Ct)).Value.Content.ToString());
        Assert.Equal(5, (await blob.GetPropertiesAsync(cancellationToken: Ct)).Value.ContentLength);
        Assert.Equal((409, "BlobAlreadyExists"), await RefusedAsync(() => blob.UploadAsync(BinaryData.FromString("second"), OnlyNew, Ct)));
        Assert.Equal((409, "BlobImmutableDueToPolicy"), await RefusedAsync(() => blob.UploadAsync(BinaryData.FromString("second"), overwrite: true, Ct)));
        Assert.Equal((409, "BlobImmutableDueToPolicy"), await RefusedAsync(() => blob.DeleteAsync(cancellationToken: Ct)));
        Assert.Equal("first", (await blob.DownloadContentAsync(Ct)).Value.Content.ToString());

        // Past its time it may be deleted, and never be written over.
        Control.Clock.Advance(TimeSpan.FromDays((7 * 365) + 1));
        Assert.Equal((409, "BlobImmutableDueToPolicy"), await RefusedAsync(() => blob.UploadAsync(BinaryData.FromString("second"), overwrite: true, Ct)));
        Assert.Equal(202, (await blob.DeleteAsync(cancellationToken: Ct)).Status);
        Assert.Equal((404, "BlobNotFound"), await RefusedAsync(() => blob.DownloadContentAsync(Ct)));
    }

    [Fact]
    public async Task A_container_tells_whoever_may_read_it_whether_a_policy_holds_its_blobs()
    {
        Assert.True((await Container().GetPropertiesAsync(cancellationToken: Ct)).Value.HasImmutabilityPolicy);
        Control.Blobs.Put(Control.Blobs.Find("stfenwickaudit", "audit-checkpoints")! with { Retention = null });
        Assert.False((await Container().GetPropertiesAsync(cancellationToken: Ct)).Value.HasImmutabilityPolicy);
        foreach (var assignment in Control.Resources.RoleAssignments.Where(a => a.PrincipalId == FenwickCompany.PortalPrincipal).ToList())
            Control.Resources.RemoveAssignment(assignment.Name);
        Assert.Equal((403, "AuthorizationPermissionMismatch"), await RefusedAsync(() => Container().GetPropertiesAsync(cancellationToken: Ct)));
    }

    [Fact]
    public async Task A_container_without_a_policy_lets_blobs_be_changed()
    {
        Control.Blobs.Put(Control.Blobs.Find("stfenwickaudit", "audit-checkpoints")! with { Retention = null });
        var blob = Container().GetBlobClient("note-1");
        await blob.UploadAsync(BinaryData.FromString("first"), OnlyNew, Ct);
        await blob.UploadAsync(BinaryData.FromString("second"), overwrite: true, Ct);
        Assert.Equal("second", (await blob.DownloadContentAsync(Ct)).Value.Content.ToString());
        Assert.Equal(202, (await blob.DeleteAsync(cancellationToken: Ct)).Status);
    }

    [Fact]
    public async Task Lists_come_in_the_order_of_names_and_in_pages()
    {
        for (var i = 0; i < 23; i++)
            Control.Blobs.Write("stfenwickaudit", "audit-checkpoints", $"a-{22 - i:d2}", Encoding.UTF8.GetBytes($"{i}"));
        Control.Blobs.Write("stfenwickaudit", "audit-checkpoints", "b-<&>", [1, 2]);
        var pages = new List<int>();
        var names = new List<string>();
        await foreach (var page in Container().GetBlobsAsync(new GetBlobsOptions { Prefix = "a-" }, Ct).AsPages(pageSizeHint: 10))
        {
            pages.Add(page.Values.Count);
            names.AddRange(page.Values.Select(b => b.Name));
        }

        Assert.Equal([10, 10, 3], pages);
        Assert.Equal(Enumerable.Range(0, 23).Select(i => $"a-{i:d2}"), names);
        var other = Assert.Single(await AllAsync("b-"));
        Assert.Equal(("b-<&>", 2L), (other.Name, other.Properties.ContentLength));
        Assert.Empty(await AllAsync("c-"));
    }

    [Fact]
    public async Task Who_has_no_role_at_the_container_or_the_wrong_token_gets_nothing_and_errors_are_xml()
    {
        Assert.Equal((403, "AuthorizationPermissionMismatch"), await RefusedAsync(() => Container(FenwickCompany.Mira, isApp: false).GetBlobClient("x").DownloadContentAsync(Ct)));
        Control.Resources.Put(new RoleAssignment(Guid.NewGuid(), Control.Blobs.Find("stfenwickaudit", "audit-checkpoints")!.Scope, BuiltInRoles.StorageBlobDataReader, FenwickCompany.Mira, "User"));
        Assert.Equal((404, "BlobNotFound"), await RefusedAsync(() => Container(FenwickCompany.Mira, isApp: false).GetBlobClient("x").DownloadContentAsync(Ct)));
        Assert.Equal((403, "AuthorizationPermissionMismatch"), await RefusedAsync(() => Container(FenwickCompany.Mira, isApp: false).GetBlobClient("x").UploadAsync(BinaryData.FromString("x"), OnlyNew, Ct)));

        var none = await Cloud.SendAsync(HttpMethod.Get, Address + "/x", token: null);
        Assert.Equal((401, "NoAuthenticationInformation"), (none.Status, none.Headers["x-ms-error-code"]));
        Assert.Contains("resource_id=https://storage.azure.com", none.Headers["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.Equal("NoAuthenticationInformation", XDocument.Parse(none.Text).Root!.Element("Code")!.Value);
        Assert.True(Guid.TryParse(none.Headers["x-ms-request-id"], out _));
        var foreign = await Cloud.SendAsync(HttpMethod.Get, Address + "/x", Cloud.Token(FenwickCompany.PortalPrincipal, CloudClients.VaultAudience, isApp: true));
        Assert.Equal((401, "InvalidAuthenticationInfo"), (foreign.Status, foreign.Headers["x-ms-error-code"]));
        // A token counts from one version of the service on.
        var old = await Cloud.SendAsync(HttpMethod.Get, Address + "/x", Cloud.Token(FenwickCompany.PortalPrincipal, Audience, isApp: true));
        Assert.Equal((400, "MissingRequiredHeader"), (old.Status, old.Headers["x-ms-error-code"]));
    }

    [Fact]
    public async Task A_container_that_is_not_there_says_so_and_an_account_that_is_not_there_does_not_answer()
    {
        Control.Blobs.Remove("stfenwickaudit", "audit-checkpoints");
        Control.Blobs.Put(new(FenwickEstate.Production, "rg-platform", "stfenwickaudit", "other"));
        Assert.Equal((404, "ContainerNotFound"), await RefusedAsync(() => Container().GetBlobClient("x").DownloadContentAsync(Ct)));
        Control.Blobs.Remove("stfenwickaudit", "other");
        Assert.Equal((0, null), await RefusedAsync(() => Container().GetBlobClient("x").DownloadContentAsync(Ct)));
    }

    private async Task<List<BlobItem>> AllAsync(string prefix)
    {
        var all = new List<BlobItem>();
        await foreach (var item in Container().GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, Ct))
            all.Add(item);
        return all;
    }

    private static async Task<(int Status, string? Code)> RefusedAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RequestFailedException>(call);
        return (refused.Status, refused.ErrorCode);
    }

    private BlobContainerClient Container(Guid? who = null, bool isApp = true) => new(new Uri(Address), Cloud.Credential(who ?? FenwickCompany.PortalPrincipal, isApp),
        new BlobClientOptions { Transport = new HttpClientTransport(new HttpClient(_sandbox.Handler, disposeHandler: false)), Retry = { MaxRetries = 0 } });

    [Fact]
    public async Task A_body_of_unsaid_length_is_refused()
    {
        var refused = await new BlobClients(_sandbox).SendAsync(HttpMethod.Put, "/streamed", "x", ("Transfer-Encoding", "chunked"));
        Assert.Equal((411, "MissingContentLengthHeader"), (refused.Status, refused.Headers["x-ms-error-code"]));
    }
}
