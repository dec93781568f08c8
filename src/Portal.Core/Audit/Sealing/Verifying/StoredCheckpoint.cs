using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>A checkpoint as it stands in the database.</summary>
/// <param name="Size">How many events it covers.</param>
/// <param name="Time">When it was signed; null where somebody changed it to no time.</param>
/// <param name="Note">The signed note.</param>
internal sealed record StoredCheckpoint(long Size, DateTimeOffset? Time, string Note)
{
    /// <summary>All of them, the smallest first. One that cannot be read hides no other.</summary>
    public static async Task<IReadOnlyList<StoredCheckpoint>> ReadAsync(PortalDb db, CancellationToken ct)
    {
        try
        {
            return await db.AuditCheckpoints.OrderBy(c => c.Size).Select(c => new StoredCheckpoint(c.Size, c.Time, c.Note)).ToListAsync(ct);
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            // Which one it is, the fault does not say.
        }

        var rows = new List<StoredCheckpoint>();
        foreach (var row in await db.AuditCheckpoints.OrderBy(c => c.Size).Select(c => new { c.Size, c.Note }).ToListAsync(ct))
            rows.Add(new StoredCheckpoint(row.Size, await TimeOfAsync(db, row.Size, ct), row.Note));
        return rows;
    }

    private static async Task<DateTimeOffset?> TimeOfAsync(PortalDb db, long size, CancellationToken ct)
    {
        try
        {
            return await db.AuditCheckpoints.Where(c => c.Size == size).Select(c => c.Time).SingleAsync(ct);
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            return null;
        }
    }
}
