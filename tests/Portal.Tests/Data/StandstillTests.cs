using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Data;
using Portal.Migrations.PostgreSql;
using Portal.Tests.World;

namespace Portal.Tests.Data;

/// <summary>An instance that stands still in the middle of a save holds up no other for longer than ten seconds.</summary>
public sealed class StandstillTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_connection_has_the_server_end_a_transaction_in_which_nothing_happens_for_ten_seconds()
    {
        await using var database = await PortalDatabase.CreateAsync(DatabaseKind.PostgreSql);
        await using var db = database.Open();
        Assert.Equal("10s", await db.Database.SqlQueryRaw<string>("SELECT current_setting('idle_in_transaction_session_timeout') AS \"Value\"").SingleAsync(Ct));
    }

    [Fact]
    public async Task What_somebody_who_stands_still_has_locked_another_gets_when_the_server_ends_it()
    {
        await using var database = await PortalDatabase.CreateAsync(DatabaseKind.PostgreSql);
        await using var still = Open(database.ConnectionString.Replace("=10000", "=400", StringComparison.Ordinal));
        await using var transaction = await still.Database.BeginTransactionAsync(Ct);
        Assert.Equal(1, await still.AuditSealers.ExecuteUpdateAsync(row => row.SetProperty(s => s.Fence, 7), Ct));

        // Waits for the lock, and for nothing else.
        await using var other = database.Open();
        Assert.Equal(1, await other.AuditSealers.ExecuteUpdateAsync(row => row.SetProperty(s => s.Fence, s => s.Fence + 1), Ct));
        Assert.Equal(1, await other.AuditSealers.Select(s => s.Fence).SingleAsync(Ct));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync(Ct));
    }

    [Theory]
    [InlineData("Host=db;Options=-c idle_in_transaction_session_timeout=30s", "-c idle_in_transaction_session_timeout=30s")]
    [InlineData("Host=db;Options=-c search_path=portal", "-c search_path=portal -c idle_in_transaction_session_timeout=10000")]
    [InlineData("Host=db", "-c idle_in_transaction_session_timeout=10000")]
    public void What_the_operator_says_holds_and_what_they_say_of_other_things_stays(string configured, string options) =>
        Assert.Equal(options, new NpgsqlConnectionStringBuilder(Standstill.EndedBy(configured)).Options);

    [Fact]
    public void Said_twice_it_is_said_once()
    {
        var once = Standstill.EndedBy("Host=db;Username=portal");
        Assert.Equal(once, Standstill.EndedBy(once));
    }

    private static PortalDb Open(string connectionString)
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalPostgreSql(connectionString);
        return new PortalDb(options.Options);
    }
}
