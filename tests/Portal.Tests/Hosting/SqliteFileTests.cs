using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Migrations.Sqlite;

namespace Portal.Tests.Hosting;

public sealed class SqliteFileTests
{
    [Theory]
    [InlineData("delete", "2", "1", "write-ahead log")]
    [InlineData("wal", "1", "1", "synchronous=FULL")]
    [InlineData("wal", "2", "0", "foreign_keys=ON")]
    public void A_file_that_does_not_keep_to_what_the_portal_relies_on_is_refused(string journalMode, string synchronous, string foreignKeys, string says)
    {
        var fault = SqliteFile.FaultOf(Path.Combine(Path.GetTempPath(), "portal.db"), journalMode, synchronous, foreignKeys);

        Assert.StartsWith("ConnectionStrings:Portal: ", fault);
        Assert.Contains(says, fault);
    }

    [Fact]
    public void A_local_file_with_all_settings_in_place_is_accepted() =>
        Assert.Null(SqliteFile.FaultOf(Path.Combine(Path.GetTempPath(), "portal.db"), "wal", "2", "1"));

    [Theory]
    [InlineData("nfs4", true)]
    [InlineData("CIFS", true)]
    [InlineData("ext4", false)]
    [InlineData("", false)]
    public void Network_file_systems_are_known(string fileSystem, bool network) => Assert.Equal(network, SqliteFile.IsOnNetwork(fileSystem));

    [Fact]
    public async Task Every_connection_has_the_settings_that_the_portal_relies_on()
    {
        var file = Path.Combine(Path.GetTempPath(), $"portal-{Guid.NewGuid():N}.db");
        try
        {
            await using (var db = new PortalDb(new DbContextOptionsBuilder<PortalDb>().UsePortalSqliteOf(file)))
            {
                await db.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
                Assert.Equal("wal", await db.Database.SqlQueryRaw<string>("SELECT journal_mode AS Value FROM pragma_journal_mode").SingleAsync(TestContext.Current.CancellationToken));
                Assert.Equal(2, await db.Database.SqlQueryRaw<int>("SELECT synchronous AS Value FROM pragma_synchronous").SingleAsync(TestContext.Current.CancellationToken));
                Assert.Equal(1, await db.Database.SqlQueryRaw<int>("SELECT foreign_keys AS Value FROM pragma_foreign_keys").SingleAsync(TestContext.Current.CancellationToken));
            }
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            foreach (var part in (string[])[file, file + "-wal", file + "-shm"])
                File.Delete(part);
        }
    }
}

file static class Options
{
    public static DbContextOptions<PortalDb> UsePortalSqliteOf(this DbContextOptionsBuilder<PortalDb> options, string file)
    {
        options.UsePortalSqlite($"Data Source={file}");
        return options.Options;
    }
}
