using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>Reads the audit trail from SQLite's own memory: a cell is copied once, from there into the rows.</summary>
public sealed class SqliteAuditReading : IAuditReading
{
    /// <inheritdoc />
    public async Task ReadAsync(PortalDb db, IQueryable query, AuditRows into, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            await using var command = (SqliteCommand)query.CreateDbCommand();
            using var function = new RowFunction((SqliteConnection)db.Database.GetDbConnection(), into);
            command.CommandText = function.Over(command.CommandText);
            await using var reader = await command.ExecuteReaderAsync(ct);
            for (var row = 0L; reader.Read(); row++)
            {
                ct.ThrowIfCancellationRequested();
                function.Demand(reader.GetInt64(0), row);
            }
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }
}
