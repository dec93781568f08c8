using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>Writes events by two statements that are compiled once for all events of a save. As tracked entities they took more than twice the processor time, and a storm of grants that end is mostly events.</summary>
internal sealed class SqliteAuditInsert : AuditInsert
{
    public override async Task InsertAsync(PortalDb db, IReadOnlyList<AuditEvent> events, CancellationToken ct)
    {
        await using var insert = InsertStatement<AuditEvent>.In(db);
        await using var wait = InsertStatement<PendingSeal>.In(db);
        foreach (var happened in events)
        {
            await insert.RunAsync(happened, ct);
            await wait.RunAsync(new PendingSeal(happened.At, happened.EventId), ct);
        }
    }
}
