using System.Buffers.Text;
using Portal.Core;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Requests;

/// <summary>What an address can carry and no name can hold finds nothing, in either database.</summary>
public sealed class CatalogSearchTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases("\0", "stripe\0", "stripe \0 prod")]
    public async Task A_NUL_is_in_no_name(DatabaseKind kind, string search)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var found = await world.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(search), await world.IdentifyAsync(Company.Mira), Ct);
        Assert.Empty(found.Value.Entries.Items);
        Assert.NotEmpty(found.Value.Vaults);
    }

    [Theory, BothDatabases]
    public async Task A_mark_with_a_NUL_is_none_of_the_lists(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var mark = Base64Url.EncodeToString("catalog:/subscriptions/\0"u8);
        var found = await world.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(After: mark), await world.IdentifyAsync(Company.Mira), Ct);
        Assert.Equal([RefusalCode.CursorUnreadable], found.Refusals.Select(refusal => refusal.Code));
    }
}
