using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;
using SQLitePCL;

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
            await using var reader = await command.ExecuteReaderAsync(ct);
            var ordinals = AuditColumn.All.Select(column => OrdinalOf(reader, column.Property)).ToArray();
            var (position, digests) = (OrdinalOf(reader, IAuditReading.Position), OrdinalOf(reader, IAuditReading.FieldDigests));
            while (reader.Read())
            {
                ct.ThrowIfCancellationRequested();
                for (var column = 0; column < ordinals.Length; column++)
                    Add(into, AuditColumn.All[column].Kind, raw.sqlite3_column_blob(reader.Handle!, ordinals[column]));
                into.EndRow(reader.IsDBNull(position) ? null : reader.GetInt64(position), raw.sqlite3_column_blob(reader.Handle!, digests));
            }
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    // Where a query joins tables that both have a column, EF Core puts a number behind the name of one.
    private static int OrdinalOf(SqliteDataReader reader, string name)
    {
        var names = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToList();
        return names.IndexOf(name) is >= 0 and var exact ? exact : names.FindIndex(n => n.TrimEnd('0', '1', '2') == name);
    }

    private static void Add(AuditRows rows, AuditColumnKind kind, ReadOnlySpan<byte> stored)
    {
        if (stored.IsEmpty)
            rows.AddNothing();
        // What is no GUID was changed behind the portal's back, and must not pass for nothing.
        else if (kind == AuditColumnKind.Id && stored.Length == 36 && Ascii.ToLower(stored, rows.Room(36), out var written) == OperationStatus.Done)
            rows.Take(written);
        else if (kind == AuditColumnKind.Instant && IsInstant(stored))
            AddInstant(rows, stored);
        else
            rows.AddText(stored);
    }

    /// <summary>Whether it is as Microsoft.Data.Sqlite saves instants: <c>yyyy-MM-dd HH:mm:ss.FFFFFFF</c>. What is not was changed behind the portal's back, and is shown as it is.</summary>
    private static bool IsInstant(ReadOnlySpan<byte> stored) =>
        stored.Length is 19 or (> 20 and <= 27) && stored[10] == ' ' && (stored.Length == 19 || stored[19] == '.') && DigitsOf(stored).IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;

    private static ReadOnlySpan<byte> DigitsOf(ReadOnlySpan<byte> instant) => instant.Length > 20 ? instant[20..].TrimEnd((byte)'0') : default;

    private static void AddInstant(AuditRows rows, ReadOnlySpan<byte> stored)
    {
        var digits = DigitsOf(stored);
        var places = digits.Length <= 3 ? 3 : 7;
        var room = rows.Room(28);
        stored[..19].CopyTo(room);
        room[10] = (byte)'T';
        room[19] = (byte)'.';
        room.Slice(20, places).Fill((byte)'0');
        digits.CopyTo(room[20..]);
        room[20 + places] = (byte)'Z';
        rows.Take(21 + places);
    }
}
