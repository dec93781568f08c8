using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>An export that begins when retention has just ended, and its record is not sealed yet: nobody is accused of what retention did, and nothing is excused by what is not sealed.</summary>
public sealed class ExportBesideRetentionTests
{
    private const int Old = 40;

    private static readonly TimeSpan Period = TimeSpan.FromDays(400);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task What_retention_has_just_pruned_is_sealed_and_the_file_is_complete(DatabaseKind kind)
    {
        await using var world = await PrunedAsync(kind);
        var (export, file) = await ExportAsync(world);
        Assert.Equal((ExportOutcome.Complete, ""), (export.End!.Outcome, export.End.Why));
        Assert.True(export.CoversAll);
        var verdict = await VerifyExportTests.VerifyAsync(new SealedLog(world), file);
        Assert.True(verdict.Holds, verdict.Fault?.Message);
    }

    [Theory, BothDatabases]
    public async Task What_cannot_be_sealed_leaves_the_file_incomplete_and_says_why(DatabaseKind kind)
    {
        await using var world = await PrunedAsync(kind);
        // An event that waits was changed: nothing is sealed.
        await world.ReadAsync(db => db.Database.ExecuteSqlAsync($"""UPDATE "AuditEvents" SET "Outcome" = 'Nonsense' WHERE "Code" = {AuditCode.EventsPruned.Value}""", Ct));
        await world.ReadAsync(db => db.Database.ExecuteSqlAsync($"""UPDATE "AuditSealers" SET "Fence" = "Fence" + 1""", Ct));
        var (export, file) = await ExportAsync(world);
        Assert.Equal(ExportOutcome.Incomplete, export.End!.Outcome);
        Assert.Contains("not sealed yet", export.End.Why, StringComparison.Ordinal);
        Assert.Equal("export.incomplete", (await VerifyExportTests.VerifyAsync(new SealedLog(world), file)).Statement!.Code);
    }

    [Theory, BothDatabases]
    public async Task What_somebody_else_took_is_said_all_the_same(DatabaseKind kind)
    {
        await using var world = await PrunedAsync(kind);
        await world.ReadAsync(db => db.AuditEvents.Where(e => db.AuditLeaves.Any(l => l.EventId == e.EventId && l.Position == Old + 3)).ExecuteDeleteAsync(Ct));
        var (export, _) = await ExportAsync(world);
        Assert.Equal(ExportOutcome.Unverified, export.End!.Outcome);
        Assert.Contains($"position {Old + 3} is gone", export.End.Why, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task What_retention_prunes_when_the_last_row_was_read_accuses_nobody(DatabaseKind kind)
    {
        await using var world = await PrunedAsync(kind, batch: 25);
        await world.SealAsync(checkpoint: true);
        var begun = await BeginAsync(world);
        // Between the look at what was pruned meanwhile and the one at what is gone.
        var looks = 0;
        world.DatabaseFaults.Break = sql =>
        {
            if (!sql.Contains("\"PrunedThrough\"", StringComparison.Ordinal) && sql.Contains("FROM \"AuditEvents\"", StringComparison.Ordinal) && sql.Contains("\"AuditLeaves\"", StringComparison.Ordinal) && !sql.Contains("\"FieldDigests\"", StringComparison.Ordinal) && looks++ == 0)
                Task.Run(() => world.Prune(Period).ExecuteAsync(Actor.System, Ct), Ct).GetAwaiter().GetResult();
            return null;
        };
        await begun.WriteAsync(ExportFormat.Csv, new MemoryStream(), Ct);
        world.DatabaseFaults.Break = null;
        Assert.NotEqual(0, looks);
        Assert.Equal(Old, await world.ReadAsync(db => db.RetentionStates.Select(s => s.Pruned).SingleAsync(Ct)));
        Assert.Equal((ExportOutcome.Complete, ""), (begun.End!.Outcome, begun.End.Why));
    }

    private static async Task<AuditExport> BeginAsync(PortalWorld world)
    {
        // At the state that was signed before retention began, as an export has it whose checkpoint is made just before that.
        var size = await world.ReadAsync(db => db.AuditCheckpoints.MaxAsync(c => (long?)c.Size, Ct));
        return (await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter(), size), await world.IdentifyAsync(Company.Ingrid), Ct)).Value;
    }

    private static async Task<(AuditExport Export, byte[] File)> ExportAsync(PortalWorld world)
    {
        var export = await BeginAsync(world);
        var file = new MemoryStream();
        await export.WriteAsync(ExportFormat.Csv, file, Ct);
        export.ThrowIfBroken();
        return (export, file.ToArray());
    }

    /// <summary>A log of which retention has pruned what is old, and its record waits.</summary>
    /// <param name="kind">On which database.</param>
    /// <param name="batch">How many it has pruned, when it has not come to its end; null for all.</param>
    private static async Task<PortalWorld> PrunedAsync(DatabaseKind kind, int? batch = null)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, Old);
        Assert.Empty((await world.Get<NoteExport>().ExecuteAsync(Old, await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
        world.Clock.Advance(Period + TimeSpan.FromSeconds(1));
        await AddAsync(world, 20);
        if (batch is { } some)
            await PruneOnceAsync(world, some);
        else
            Assert.Equal(Old, (await world.Prune(Period).ExecuteAsync(Actor.System, Ct)).Value);
        return world;
    }

    // One transaction of retention, and no more.
    private static async Task PruneOnceAsync(PortalWorld world, int batch)
    {
        var turns = 0;
        world.DatabaseFaults.Break = sql => sql.Contains("FROM \"RetentionStates\"", StringComparison.Ordinal) && turns++ == 1 ? new OperationCanceledException() : null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Prune(Period, batch).ExecuteAsync(Actor.System, Ct));
        world.DatabaseFaults.Break = null;
    }

    private static async Task AddAsync(PortalWorld world, int events)
    {
        await using (var db = world.OpenDb())
        {
            for (var i = 0; i < events; i++)
                db.AuditEvents.Add(new AuditEvent(AuditCode.SignedIn, AuditOutcome.Success, Actor.System, new AuditSubject { VaultName = "kv-a" }, AuditDetail.None, world.Clock.GetUtcNow()));
            await db.SaveChangesAsync(Ct);
        }

        await world.SealAsync(checkpoint: true);
    }
}
