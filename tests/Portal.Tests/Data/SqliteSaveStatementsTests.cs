using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Data;

/// <summary>Rows of one save share the statements that write them, and nothing else.</summary>
public sealed class SqliteSaveStatementsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_row_is_saved_with_its_own_values_also_where_it_has_none()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.Sqlite, empty: true);
        string?[] vaults = ["kv-one", null, "kv-three", null];
        await using var db = world.OpenDb();
        Record(db, vaults);
        await db.SaveChangesAsync(Ct);
        // On the same connection once more, and on it when it has been closed and opened meanwhile.
        await db.Database.OpenConnectionAsync(Ct);
        Record(db, vaults);
        await db.SaveChangesAsync(Ct);
        Record(db, vaults);
        await db.SaveChangesAsync(Ct);
        await db.Database.CloseConnectionAsync();
        Record(db, vaults);
        await db.SaveChangesAsync(Ct);

        var saved = await world.ReadAsync(read => read.AuditEvents.OrderBy(e => e.Sequence).Select(e => e.VaultName).ToListAsync(Ct));
        Assert.Equal([.. vaults, .. vaults, .. vaults, .. vaults], saved);
        Assert.Equal(saved.Count, await world.ReadAsync(read => read.PendingSeals.CountAsync(Ct)));
    }

    [Fact]
    public async Task A_save_that_was_refused_does_not_spoil_the_next_one_on_its_connection()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.Sqlite, empty: true);
        await using var db = world.OpenDb();
        await db.Database.OpenConnectionAsync(Ct);
        Record(db, ["kv-one"]);
        await db.SaveChangesAsync(Ct);
        var taken = await db.PendingSeals.AsNoTracking().SingleAsync(Ct);
        db.ChangeTracker.Clear();
        db.Add(new PendingSeal(taken.Since, taken.EventId));
        await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(Ct));

        db.ChangeTracker.Clear();
        Record(db, ["kv-two", null]);
        Assert.Equal(4, await db.SaveChangesAsync(Ct));
        Assert.Equal(["kv-one", "kv-two", null], await world.ReadAsync(read => read.AuditEvents.OrderBy(e => e.Sequence).Select(e => e.VaultName).ToListAsync(Ct)));
    }

    private static void Record(Portal.Core.Data.PortalDb db, IEnumerable<string?> vaults)
    {
        var trail = new AuditTrail(db, Actor.System, PortalWorld.Start);
        foreach (var vault in vaults)
            trail.Record(AuditCode.GrantEnded, AuditSubject.Nothing with { VaultName = vault });
    }
}
