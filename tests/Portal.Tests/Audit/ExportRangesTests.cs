using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>A whole log is read by ranges of positions, of which somebody may have taken away as many as they liked.</summary>
public sealed class ExportRangesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Where_many_places_are_gone_the_export_ends_and_says_from_where(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AuditListTests.AddAsync(world, 4, seed: 9);
        await world.SealAsync(checkpoint: true);
        await using (var db = world.OpenDb())
        {
            await db.Database.ExecuteSqlRawAsync("UPDATE \"AuditLeaves\" SET \"Position\" = 1000000000000 WHERE \"Position\" = 3", Ct);
            await db.Database.ExecuteSqlRawAsync("UPDATE \"AuditCheckpoints\" SET \"Size\" = 2000000000000", Ct);
        }

        var rows = await ExportAsync(world, 2_000_000_000_000);
        Assert.Equal("export.unverified", rows[^1][3]);
        Assert.Equal(["0", "1", "2", "1000000000000"], rows[1..^1].Select(row => row[^4]));
        Assert.Contains("position", string.Join(' ', rows[^1]), StringComparison.Ordinal);
    }

    [Theory]
    [BothDatabases]
    public async Task Ranges_that_are_read_at_once_come_in_the_order_of_the_log(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AuditListTests.AddAsync(world, 7001, seed: 9);
        await world.SealAsync(checkpoint: true);
        var rows = await ExportAsync(world, 7001);
        Assert.Equal("export.complete", rows[^1][3]);
        Assert.Equal(Enumerable.Range(0, 7001).Select(position => $"{position}"), rows[1..^1].Select(row => row[^4]));
    }

    private static async Task<List<string[]>> ExportAsync(PortalWorld world, long size)
    {
        var file = new MemoryStream();
        await AuditCsv.WriteAsync((await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter(), size), await world.IdentifyAsync(Company.Ingrid), Ct)).Value, file, Ct);
        return StrictCsv.Read(file.ToArray());
    }
}
