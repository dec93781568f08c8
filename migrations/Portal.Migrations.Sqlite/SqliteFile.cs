namespace Portal.Migrations.Sqlite;

/// <summary>What has to be true of the database file before the portal trusts it with a promise.</summary>
public static class SqliteFile
{
    // SQLite's locks and its shared memory do not hold over a network: https://www.sqlite.org/useovernet.html
    private static readonly string[] NetworkFileSystems = ["nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.glusterfs", "fuse.blobfuse", "fuse.blobfuse2", "fuse.s3fs", "fuse.rclone", "webdav", "davfs"];

    /// <summary>What is wrong, as a sentence for the operator.</summary>
    /// <param name="file">The file's absolute path; empty for a database in memory, of which nothing is asked.</param>
    /// <param name="journalMode">What <c>PRAGMA journal_mode</c> answers.</param>
    /// <param name="synchronous">What <c>PRAGMA synchronous</c> answers.</param>
    /// <param name="foreignKeys">What <c>PRAGMA foreign_keys</c> answers.</param>
    /// <returns>Null when all is well.</returns>
    public static string? FaultOf(string file, string journalMode, string synchronous, string foreignKeys)
    {
        if (file.Length == 0)
            return null;
        if (IsOnNetwork(FileSystemOf(file)))
            return $"ConnectionStrings:Portal: {file} lies on a network file system, where SQLite's locks do not hold. Use a local disk, or PostgreSQL.";
        if (journalMode != "wal")
            return $"ConnectionStrings:Portal: {file} cannot keep a write-ahead log (journal mode {journalMode}). Use a local disk that allows shared memory, or PostgreSQL.";
        if (synchronous != "2" || foreignKeys != "1")
            return $"ConnectionStrings:Portal: this build of SQLite does not keep to synchronous=FULL and foreign_keys=ON (it answers {synchronous} and {foreignKeys}).";
        return null;
    }

    /// <summary>Whether a file system is one over a network.</summary>
    public static bool IsOnNetwork(string fileSystem) => NetworkFileSystems.Contains(fileSystem, StringComparer.OrdinalIgnoreCase);

    private static string FileSystemOf(string file)
    {
        // The mount point with the longest path that the file lies under.
        var drive = DriveInfo.GetDrives().Where(d => file.StartsWith(d.Name, StringComparison.Ordinal)).MaxBy(d => d.Name.Length);
        try
        {
            return drive?.DriveFormat ?? "";
        }
        catch (IOException)
        {
            // The system does not say; the journal mode still has to hold.
            return "";
        }
    }
}
