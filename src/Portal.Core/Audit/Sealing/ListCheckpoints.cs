using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>Which checkpoints to list.</summary>
/// <param name="After">Where to go on; null for the newest.</param>
/// <param name="Take">How many, from 1 to 200.</param>
public sealed record CheckpointQuery(string? After = null, int Take = 50);

/// <summary>Checkpoints, and the keys that they are verified with.</summary>
/// <param name="Checkpoints">The newest first.</param>
/// <param name="Keys">Every public key that the log was ever signed with, as <see cref="VerifierKey"/> writes it, the newest first.</param>
public sealed record CheckpointList(Page<StoredCheckpoint> Checkpoints, IReadOnlyList<string> Keys);

/// <summary>Lists to auditors what was signed of the log.</summary>
public sealed class ListCheckpoints(IDbContextFactory<PortalDb> databases)
{
    private const string ListName = "checkpoints";

    /// <summary>Lists it.</summary>
    public async Task<Result<CheckpointList>> ExecuteAsync(CheckpointQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Auditor) is { } refusal)
            return refusal;
        var before = long.MaxValue;
        if (input.After is not null && !long.TryParse(Cursor.Read(ListName, input.After), NumberStyles.None, CultureInfo.InvariantCulture, out before))
            return new Refusal(RefusalCode.CursorUnreadable, "after");
        var take = Math.Clamp(input.Take, 1, 200);
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = await StoredCheckpoint.ReadAsync(db, db.AuditCheckpoints.Where(c => c.Size < before).OrderByDescending(c => c.Size).Take(take + 1), ct);
        var keys = await db.AuditKeys.AsNoTracking().OrderByDescending(k => k.Since).Select(k => k.Vkey).ToListAsync(ct);
        return new CheckpointList(Cursor.Cut(ListName, rows, take, c => c.Size.ToString(CultureInfo.InvariantCulture)), keys);
    }
}
