using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A world's log, for the tests of how it is sealed.</summary>
internal static class WorldLog
{
    /// <summary>Writes events in one transaction.</summary>
    public static async Task RecordAsync(PortalWorld world, int count, DateTimeOffset? at = null)
    {
        await using var db = world.OpenDb();
        var trail = new AuditTrail(db, Actor.System, at ?? world.Clock.GetUtcNow());
        for (var i = 0; i < count; i++)
            trail.Record(AuditCode.RequestLapsed, new AuditSubject { VaultName = "kv-a", SecretName = $"s{i}" }, new AuditDetail("reason", $"text {i}"));
        await db.SaveChangesAsync(Ct);
    }

    /// <summary>Has all events wait for a place, those too that have one: by other means than the portal.</summary>
    public static Task WaitAgainAsync(PortalWorld world) =>
        world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") SELECT \"At\", \"EventId\" FROM \"AuditEvents\"", Ct));

    /// <summary>What is said of the sealing.</summary>
    public static async Task<AuditHealthReading> HealthAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        return (await world.Get<AuditHealth>().ReadAsync(db, world.Clock.GetUtcNow(), Ct))!;
    }

    /// <summary>Every checkpoint of the store is the root of that many events as they stand, and nothing waits.</summary>
    public static async Task AssertHoldsAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        var events = await db.AuditLeaves.OrderBy(l => l.Position).Join(db.AuditEvents, l => l.EventId, e => e.EventId, (_, e) => e).AsNoTracking().ToListAsync(Ct);
        Assert.Equal(await db.AuditEvents.CountAsync(Ct), events.Count);
        var roots = new List<byte[]>();
        var log = new TileAppender();
        foreach (var happened in events)
        {
            roots.Add(log.Root());
            log.Append(new CanonicalEvent().Take(happened).LeafHash());
        }

        roots.Add(log.Root());
        Assert.NotEmpty(world.Checkpoints.Notes);
        foreach (var checkpoint in world.Checkpoints.Notes.Select(n => Checkpoint.Parse(SignedNote.Parse(n)!.Text)!))
            Assert.Equal(roots[(int)checkpoint.Size], checkpoint.Root);
        Assert.Empty(await db.PendingSeals.ToListAsync(Ct));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
