using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Portal.Tests.World;

namespace Portal.Tests.Data;

/// <summary>How a unit of work's connection to SQLite is made.</summary>
public sealed class SqliteConnectionTests
{
    [Theory]
    [InlineData("SELECT regexp('a', 'a')")]
    [InlineData("SELECT ef_add('1', '2')")]
    public async Task It_has_no_functions_that_cost_at_each_opening_and_that_no_query_of_the_portal_needs(string sql)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await using var db = world.OpenDb();
        var fault = await Assert.ThrowsAsync<SqliteException>(() => db.Database.ExecuteSqlRawAsync(sql, TestContext.Current.CancellationToken));
        Assert.Contains("no such function", fault.Message, StringComparison.Ordinal);
    }
}
