using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>A log for tests that are about what is sealed and not about how: events, and their places, without keys and checkpoints.</summary>
internal static class TestLog
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Records events, each with its number as comment, and seals them.</summary>
    public static async Task WriteAsync(PortalWorld world, int count, Func<int, AuditSubject>? about = null, Actor? actor = null)
    {
        await using (var db = world.OpenDb())
        {
            for (var i = 0; i < count; i++)
                db.AuditEvents.Add(new AuditEvent(AuditCode.RequestSubmitted, AuditOutcome.Success, actor ?? Actor.System, about?.Invoke(i) ?? AuditSubject.Nothing, new AuditDetail(null, $"event {i} “ü”"), world.Clock.GetUtcNow()));
            await db.SaveChangesAsync(Ct);
        }

        await SealAsync(world);
    }

    /// <summary>Gives every event that has none its place.</summary>
    public static async Task SealAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        var size = (await db.AuditLeaves.MaxAsync(l => (long?)l.Position, Ct) ?? -1) + 1;
        var log = new TileAppender(size, await db.AuditTiles.AsNoTracking().ToDictionaryAsync(t => new TileId(t.Level, t.Index), t => t.Hashes, Ct));
        var canonical = new CanonicalEvent();
        var pending = await db.PendingSeals.ToListAsync(Ct);
        // Of these alone: what a worker records meanwhile would get a place and wait on.
        var waiting = pending.ConvertAll(p => p.EventId);
        foreach (var happened in await db.AuditEvents.Where(e => waiting.Contains(e.EventId)).OrderBy(e => e.Sequence).ToListAsync(Ct))
        {
            canonical.Take(happened);
            db.AuditLeaves.Add(new AuditLeaf(log.Size, happened.EventId, canonical.FieldDigests()));
            log.Append(canonical.LeafHash());
        }

        db.RemoveRange(pending);
        foreach (var (id, hashes) in log.TakeChanged())
        {
            var known = await db.AuditTiles.AsNoTracking().AnyAsync(t => t.Level == id.Level && t.Index == id.Index, Ct);
            db.Entry(new AuditTile(id.Level, id.Index, hashes)).State = known ? EntityState.Modified : EntityState.Added;
        }

        await db.SaveChangesAsync(Ct);
    }

    /// <summary>The log's root, from its hashes alone.</summary>
    public static async Task<byte[]> RootAsync(PortalDb db)
    {
        var size = (await db.AuditLeaves.MaxAsync(l => (long?)l.Position, Ct) ?? -1) + 1;
        return new TileTree(await db.AuditTiles.AsNoTracking().ToDictionaryAsync(t => new TileId(t.Level, t.Index), t => t.Hashes, Ct)).Hash(new LeafRange(0, size));
    }
}
