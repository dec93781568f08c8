using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Benchmarks.Seeding;

/// <summary>Gives seeded events their places in the log, as the sealer would, without its batches and its waits for the disk. The portal signs them with its first checkpoint after the start.</summary>
internal static class LogSeed
{
    private const int Piece = 20_000;

    /// <summary>Seals all that has no place yet, in the order in which the database took it in.</summary>
    /// <param name="connection">To a database whose log has begun: it has a key.</param>
    /// <returns>How many.</returns>
    public static long Seal(SqliteConnection connection)
    {
        using var db = new PortalDb(new DbContextOptionsBuilder<PortalDb>().UseSqlite(connection).Options);
        if (!db.AuditKeys.Any())
            throw new InvalidOperationException("The log has no key yet: no portal has sealed anything in this database.");
        var known = db.AuditLeaves.Select(l => l.EventId).ToHashSet();
        var size = known.Count;
        var edge = TileAppender.Edge(size);
        var log = new TileAppender(size, db.AuditTiles.AsNoTracking().AsEnumerable().Where(t => edge.Contains(new TileId(t.Level, t.Index))).ToDictionary(t => new TileId(t.Level, t.Index), t => t.Hashes));
        var canonical = new CanonicalEvent();
        var hash = new byte[MerkleTree.HashSize];
        for (var last = 0L; ;)
        {
            var events = db.AuditEvents.AsNoTracking().Where(e => e.Sequence > last).OrderBy(e => e.Sequence).Take(Piece).ToList();
            if (events.Count == 0)
                break;
            last = events[^1].Sequence;
            using var part = connection.BeginTransaction();
            using var leaf = Command(connection, "INSERT INTO \"AuditLeaves\"(\"Position\", \"EventId\", \"FieldDigests\") VALUES ($position, $event, $digests)", "$position", "$event", "$digests");
            using var tile = Command(connection, "INSERT OR REPLACE INTO \"AuditTiles\"(\"Level\", \"Index\", \"Hashes\") VALUES ($level, $index, $hashes)", "$level", "$index", "$hashes");
            foreach (var happened in events.Where(e => !known.Contains(e.EventId)))
            {
                canonical.Take(happened).WriteLeafHash(hash);
                Run(leaf, log.Size, happened.EventId, canonical.FieldDigests());
                log.Append(hash);
            }

            foreach (var (id, hashes) in log.TakeChanged())
                Run(tile, id.Level, id.Index, hashes);
            part.Commit();
        }

        db.PendingSeals.ExecuteDelete();
        return log.Size - size;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in parameters)
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        return command;
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
        command.ExecuteNonQuery();
    }
}
