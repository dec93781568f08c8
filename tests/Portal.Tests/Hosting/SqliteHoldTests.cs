using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Portal.Core.Data;
using Portal.Migrations.Sqlite;

namespace Portal.Tests.Hosting;

/// <summary>One portal process per SQLite file.</summary>
public sealed class SqliteHoldTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("portal-hold-").FullName;

    private string ConnectionString => $"Data Source={Path.Combine(_directory, "portal.db")}";

    [Fact]
    public void A_second_one_is_refused_with_the_file_and_what_to_do_and_let_in_when_the_first_is_gone()
    {
        var first = SqliteHold.Take(ConnectionString);
        var refused = Assert.Throws<DatabaseInUseException>(() => SqliteHold.Take(ConnectionString));
        Assert.StartsWith("ConnectionStrings:Portal: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("portal.db is in use by another portal process", refused.Message, StringComparison.Ordinal);
        Assert.Contains("PostgreSQL", refused.Message, StringComparison.Ordinal);
        first.Dispose();
        SqliteHold.Take(ConnectionString).Dispose();
    }

    [Fact]
    public void Other_programs_still_read_and_write_the_file()
    {
        using var held = SqliteHold.Take(ConnectionString);
        using var connection = new SqliteConnection(ConnectionString + ";Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE t(x); INSERT INTO t VALUES (1); SELECT x FROM t";
        Assert.Equal(1L, command.ExecuteScalar());
    }

    [Fact]
    public void A_lock_file_that_lies_around_means_nothing()
    {
        File.WriteAllText(Path.Combine(_directory, "portal.db.lock"), "left by a process that was killed");
        SqliteHold.Take(ConnectionString).Dispose();
    }

    [Fact]
    public async Task A_process_that_is_killed_gives_its_hold_up()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/flock"), "No flock(1) here to hold the lock in a process of its own.");
        var file = Path.Combine(_directory, "portal.db.lock");
        using var holder = Process.Start(new ProcessStartInfo("/usr/bin/flock", ["-n", "-x", "-o", file, "sh", "-c", "echo held; exec sleep 600"]) { RedirectStandardOutput = true })!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Throws<DatabaseInUseException>(() => SqliteHold.Take(ConnectionString));
        holder.Kill(entireProcessTree: true);
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);
        SqliteHold.Take(ConnectionString).Dispose();
    }

    [Theory]
    [InlineData("Data Source=:memory:")]
    [InlineData("Data Source=x;Mode=Memory;Cache=Shared")]
    public void A_database_in_memory_is_nobody_elses(string connectionString)
    {
        using var first = SqliteHold.Take(connectionString);
        SqliteHold.Take(connectionString).Dispose();
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
