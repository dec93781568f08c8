using Microsoft.Data.Sqlite;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>Takes a database file for one portal process: two on one file would hand out the same work by two clocks and tell each other of no change.</summary>
/// <remarks>
/// The hold is the system's exclusive lock on a file beside the database, which lasts as long as it is open: a process that is killed
/// gives it up by dying, and a lock file that lies around means nothing. SQLite's own locks are left alone, so that <c>sqlite3</c>,
/// backups and the migrations tool go on working.
/// </remarks>
public static class SqliteHold
{
    /// <summary>Takes it, until disposed.</summary>
    /// <param name="connectionString">The portal's connection string.</param>
    /// <exception cref="DatabaseInUseException">Another process has it.</exception>
    public static IDisposable Take(string connectionString)
    {
        var connection = new SqliteConnectionStringBuilder(connectionString);
        // A database in memory is nobody else's.
        if (connection.DataSource.Length == 0 || connection.DataSource.StartsWith(':') || connection.DataSource.StartsWith("file:", StringComparison.Ordinal) || connection.Mode == SqliteOpenMode.Memory)
            return new MemoryStream();
        var file = Path.GetFullPath(connection.DataSource);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        try
        {
            return new FileStream(file + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new DatabaseInUseException($"ConnectionStrings:Portal: {file} is in use by another portal process. SQLite serves one: stop the other, or use PostgreSQL for several.", e);
        }
    }
}
