using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>An export has every event of its checkpoint that it is asked for, whenever the event came, and is the same file again.</summary>
public sealed class ExportPointTests
{
    private static readonly TimeSpan Period = TimeSpan.FromDays(400);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task What_comes_while_the_checkpoint_is_made_is_in_a_filtered_file_and_in_the_same_one_later(DatabaseKind kind)
    {
        foreach (var filter in (AuditFilter[])[new() { VaultName = "kv-a" }, new() { Text = "paypal" }])
        {
            await using var world = await PortalWorld.OpenAsync(kind, empty: true);
            await RecordAsync(world, 5);
            var file = await ExportAsync(world, filter, whileSealed: () => RecordAsync(world, 1, "late"));
            var size = await world.ReadAsync(db => db.AuditCheckpoints.MaxAsync(c => c.Size, Ct));
            Assert.Equal(6, size);
            Assert.Contains(Comments(file), comment => comment == "late paypal");
            Assert.Equal(file, await ExportAsync(world, filter, size));
        }
    }

    [Theory, BothDatabases]
    public async Task What_comes_while_the_checkpoint_is_made_is_in_the_file_of_a_log_that_was_pruned(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await RecordAsync(world, 10);
        await ExportAsync(world, new AuditFilter());
        Assert.Empty((await world.Get<NoteExport>().ExecuteAsync(10, await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
        world.Clock.Advance(Period + TimeSpan.FromSeconds(1));
        await world.SealAsync(checkpoint: true);
        Assert.Equal(10, await PruneAsync(world));
        await RecordAsync(world, 3);

        var file = await ExportAsync(world, new AuditFilter(), whileSealed: () => RecordAsync(world, 1, "late"));
        Assert.Contains(Comments(file), comment => comment == "late paypal");
        var verdict = await VerifyExportTests.VerifyAsync(new SealedLog(world), file);
        Assert.True(verdict.Holds, verdict.Fault?.Message);
        // What is counted as taken away by such a file is in it.
        Assert.Equal(await world.ReadAsync(db => db.AuditEvents.CountAsync(e => db.AuditLeaves.Any(l => l.EventId == e.EventId && l.Position < verdict.Statement!.Size), Ct)), verdict.Rows);
    }

    private static async Task RecordAsync(PortalWorld world, int count, string words = "early")
    {
        await using var db = world.OpenDb();
        for (var i = 0; i < count; i++)
            db.AuditEvents.Add(new AuditEvent(AuditCode.GrantRevoked, AuditOutcome.Success, Actor.System, new AuditSubject { VaultName = "kv-a" }, new AuditDetail(Comment: $"{words} paypal"), world.Clock.GetUtcNow()));
        await db.SaveChangesAsync(Ct);
    }

    private static async Task<byte[]> ExportAsync(PortalWorld world, AuditFilter filter, long? size = null, Func<Task>? whileSealed = null)
    {
        if (whileSealed is not null)
            world.DatabaseFaults.Break = sql =>
            {
                if (!sql.Contains("FROM \"AuditSealers\"", StringComparison.Ordinal))
                    return null;
                world.DatabaseFaults.Break = null;
                // From inside a database command, which cannot wait otherwise.
                Task.Run(whileSealed, Ct).GetAwaiter().GetResult();
                return null;
            };
        var file = await VerifyExportTests.ExportAsync(world, filter, ExportFormat.Csv, size: size);
        Assert.Null(world.DatabaseFaults.Break);
        var rows = StrictCsv.Read(file);
        Assert.Equal("export.complete", rows[^1][rows[0].IndexOf("code")]);
        return file;
    }

    private static IEnumerable<string> Comments(byte[] file)
    {
        var rows = StrictCsv.Read(file);
        return rows.Skip(1).Select(row => row[rows[0].IndexOf("comment")]);
    }

    private static async Task<long> PruneAsync(PortalWorld world) =>
        (await world.Prune(Period).ExecuteAsync(Actor.System, Ct)).Value;
}
