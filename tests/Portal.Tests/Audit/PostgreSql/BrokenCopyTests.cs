using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Migrations.PostgreSql;
using Portal.Tests.World;

namespace Portal.Tests.Audit.PostgreSql;

/// <summary>A copy from PostgreSQL that does not come to its end.</summary>
public sealed class BrokenCopyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_export_whose_connection_is_cut_in_the_middle_says_that_it_is_incomplete()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql, empty: true);
        await AuditListTests.AddAsync(world, 12_000, seed: 9);
        await world.SealAsync(checkpoint: true);
        var direct = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        await using var relay = new CuttingRelay(direct.Host!, direct.Port);
        await using var databases = new ThroughRelay(new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Host = "127.0.0.1", Port = relay.Port }.ConnectionString);

        var whole = await ExportAsync(world, databases);
        Assert.Equal((12_002, "export.complete"), (whole.Count, whole[^1][3]));

        // The pieces that are under way at the start are less than two thirds of it.
        var all = relay.Said;
        (relay.Said, relay.CutAfter) = (0, all * 8 / 10);
        var broken = await ExportAsync(world, databases);
        Assert.Equal("export.incomplete", broken[^1][3]);
        Assert.InRange(broken.Count, 1002, 12_001);
        Assert.Equal(whole[..(broken.Count - 1)], broken[..^1]);
    }

    [Fact]
    public async Task Called_off_in_the_middle_of_a_copy_the_server_stops()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql, empty: true);
        await AuditListTests.AddAsync(world, 1, seed: 9);
        await using var db = world.OpenDb();
        var endless = db.AuditEvents.FromSqlRaw("""SELECT e.* FROM "AuditEvents" e, generate_series(1, 2000) n WHERE n <= 1000 OR pg_sleep(600)::text = ''""")
            .AsNoTracking().Select(happened => new { happened, Position = (long?)null, FieldDigests = (byte[]?)null });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var reading = new PostgreSqlAuditReading().ReadAsync(db, endless, new AuditRows(), stop.Token);
        while (await SleepersAsync(world) == 0)
            Assert.False(reading.IsCompleted, "It was not to end by itself.");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        while (await SleepersAsync(world) > 0)
            await Task.Delay(10, deadline.Token);
    }

    private static Task<int> SleepersAsync(PortalWorld world) =>
        world.ReadAsync(db => db.Database.SqlQueryRaw<int>("""SELECT count(*)::int AS "Value" FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'""").SingleAsync(Ct));

    private static async Task<List<string[]>> ExportAsync(PortalWorld world, ThroughRelay databases)
    {
        var file = new MemoryStream();
        var export = new ExportAuditEvents(databases, world.Get<IAuditReading>(), world.Get<FreshCheckpoint>(), world.Directory, world.Get<ClockWatch>(), world.Clock);
        await AuditCsv.WriteAsync((await export.ExecuteAsync(new ExportOrder(new AuditFilter(), 12_000), await world.IdentifyAsync(Company.Ingrid), Ct)).Value, file, Ct);
        return StrictCsv.Read(file.ToArray());
    }

    private sealed class ThroughRelay(string connectionString) : IDbContextFactory<PortalDb>, IAsyncDisposable
    {
        public PortalDb CreateDbContext()
        {
            var options = new DbContextOptionsBuilder<PortalDb>();
            options.UsePortalPostgreSql(connectionString);
            return new PortalDb(options.Options);
        }

        public ValueTask DisposeAsync()
        {
            using var connection = new NpgsqlConnection(Standstill.EndedBy(connectionString));
            NpgsqlConnection.ClearPool(connection);
            return ValueTask.CompletedTask;
        }
    }
}
