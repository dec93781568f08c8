using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Tests.Audit.Sealing;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>An export waits for what is about to be sealed, and for nothing else. The clock stands still here: who waits for it waits for ever.</summary>
public sealed class ExportWaitTests
{
    // Only so that a test that fails comes to an end.
    private static readonly TimeSpan ForEver = TimeSpan.FromSeconds(20);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task A_note_that_leads_to_no_event_and_one_of_an_event_with_a_place_are_not_waited_for(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, 3);
        await world.SealAsync(checkpoint: true);
        await WorldLog.WaitAgainAsync(world);
        await using (var db = world.OpenDb())
        {
            db.PendingSeals.Add(new PendingSeal(world.Clock.GetUtcNow(), Guid.NewGuid()));
            await db.SaveChangesAsync(Ct);
        }

        var export = await ExportAsync(world).WaitAsync(ForEver, Ct);
        Assert.Equal((ExportOutcome.Complete, 3), (export.Outcome, export.Rows));
    }

    [Theory, BothDatabases]
    public async Task A_log_that_stands_still_is_not_waited_for(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, 3);
        await world.SealAsync(checkpoint: true);
        await WorldLog.RecordAsync(world, 1);
        await world.ReadAsync(db => db.Database.ExecuteSqlAsync($"""UPDATE "AuditEvents" SET "Outcome" = 'Nonsense' WHERE "Sequence" = (SELECT MAX("Sequence") FROM "AuditEvents")""", Ct));

        var export = await ExportAsync(world).WaitAsync(ForEver, Ct);
        Assert.Equal((ExportOutcome.Complete, 3), (export.Outcome, export.Rows));
    }

    [Theory, BothDatabases]
    public async Task A_key_that_is_missing_is_waited_for_at_first_and_not_once_events_have_waited_for_too_long(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, 3);
        await world.SealAsync(checkpoint: true);
        await WorldLog.RecordAsync(world, 1);
        var key = await File.ReadAllTextAsync(world.Sealing.SigningKeyFile, Ct);
        File.Delete(world.Sealing.SigningKeyFile);
        await AsksAgainAsync(world);

        world.Clock.Advance(AuditHealthReading.Patience + TimeSpan.FromSeconds(1));
        var export = await ExportAsync(world).WaitAsync(ForEver, Ct);
        Assert.Equal((ExportOutcome.Complete, 3), (export.Outcome, export.Rows));

        await File.WriteAllTextAsync(world.Sealing.SigningKeyFile, key, Ct);
        Assert.Equal(4, (await ExportAsync(world).WaitAsync(ForEver, Ct)).Rows);
    }

    [Theory, BothDatabases]
    public async Task What_comes_after_the_call_is_not_waited_for_however_much_comes(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, 3);
        await world.SealAsync(checkpoint: true);
        await WorldLog.RecordAsync(world, 2);
        // Whenever it looks which checkpoint is the newest, one more event waits.
        var looks = 0;
        world.DatabaseFaults.Break = sql =>
        {
            if (sql.Contains("FROM \"AuditCheckpoints\"", StringComparison.Ordinal) && sql.Contains("\"Note\"", StringComparison.Ordinal) && ++looks < 1000)
                Task.Run(() => WorldLog.RecordAsync(world, 1), Ct).GetAwaiter().GetResult();
            return null;
        };

        var newest = await world.Get<FreshCheckpoint>().GetAsync(TimeSpan.FromSeconds(5), Ct).WaitAsync(ForEver, Ct);
        world.DatabaseFaults.Break = null;
        Assert.Equal(5, newest!.Size);
        Assert.Equal(2, world.Checkpoints.Notes.Count);
        Assert.Equal(1, looks);
    }

    [Fact]
    public async Task What_another_instance_sealed_before_the_call_and_did_not_sign_is_covered()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await WorldLog.RecordAsync(world, 3);
        await world.SealAsync(checkpoint: true);
        await WorldLog.RecordAsync(world, 2);
        await world.SealAsync();
        Assert.Single(world.Checkpoints.Notes);
        Assert.Equal(5, (await world.Get<FreshCheckpoint>().GetAsync(TimeSpan.FromSeconds(5), Ct).WaitAsync(ForEver, Ct))!.Size);
    }

    /// <summary>An export that is under way tries to seal a second time, a moment later.</summary>
    private static async Task AsksAgainAsync(PortalWorld world)
    {
        var tries = 0;
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.DatabaseFaults.Break = sql =>
        {
            if (sql.Contains("FROM \"AuditSealers\"", StringComparison.Ordinal) && sql.Contains("\"Fence\"", StringComparison.Ordinal) && ++tries == 2)
                asked.SetResult();
            return null;
        };
        var export = ExportAsync(world);
        while (!asked.Task.IsCompleted)
        {
            Assert.False(export.IsCompleted, "It did not wait.");
            world.Clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(asked.Task, export, Task.Delay(5, Ct));
        }

        world.DatabaseFaults.Break = null;
        while (!export.IsCompleted)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(export, Task.Delay(5, Ct));
        }

        Assert.Equal(3, (await export).Rows);
    }

    private static async Task<ExportEnd> ExportAsync(PortalWorld world)
    {
        var result = await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter { Code = AuditCode.RequestLapsed.Value }), await world.IdentifyAsync(Company.Ingrid), Ct);
        Assert.Empty(result.Refusals);
        await result.Value.WriteAsync(ExportFormat.Csv, Stream.Null, Ct);
        return result.Value.End!;
    }
}
