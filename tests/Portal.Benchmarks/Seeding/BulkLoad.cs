using Microsoft.Data.Sqlite;
using Portal.Migrations.Sqlite;

namespace Portal.Benchmarks.Seeding;

/// <summary>Takes indexes, and the triggers that keep the search's index, away while a SQLite database is filled, and makes all anew from what is there then, as a migration would: kept row by row they cost several times the rows.</summary>
internal sealed class BulkLoad
{
    private readonly SqliteConnection _connection;
    private readonly List<(string Name, string Sql)> _indexes;
    private readonly List<(string Name, string Sql)> _triggers;

    private BulkLoad(SqliteConnection connection, string tables)
    {
        _connection = connection;
        _indexes = Read($"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({tables})");
        _triggers = Read($"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({tables})");
    }

    /// <summary>Makes the connection fast and unsafe, and takes away what would be kept row by row.</summary>
    public static BulkLoad Begin(SqliteConnection connection, params ReadOnlySpan<string> tables)
    {
        var load = new BulkLoad(connection, string.Join(", ", tables.ToArray().Select(table => $"'{table}'")));
        load.Do("PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1000000; PRAGMA threads=2;");
        load.Do(string.Concat(load._triggers.Select(trigger => $"DROP TRIGGER \"{trigger.Name}\";").Concat(load._indexes.Select(index => $"DROP INDEX \"{index.Name}\";"))));
        return load;
    }

    /// <summary>Makes the indexes, the search of all events, and the triggers, and leaves the file as the portal keeps it.</summary>
    public void End()
    {
        foreach (var (_, sql) in _indexes)
            Do(sql);
        if (_triggers.Count > 0)
            Do($"BEGIN; {SqliteAuditIndex.Rebuild} COMMIT;");
        foreach (var (_, sql) in _triggers)
            Do(sql);
        Do("PRAGMA journal_mode=WAL;");
    }

    private void Do(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 3600;
        command.ExecuteNonQuery();
    }

    private List<(string Name, string Sql)> Read(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<(string, string)>();
        while (reader.Read())
            rows.Add((reader.GetString(0), reader.GetString(1)));
        return rows;
    }
}
