using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Migrations.Sqlite;

/// <summary>The write-ahead log of a database file, held open beside SQLite to make it durable. On Linux only; elsewhere it is never current, and SQLite syncs at each commit.</summary>
/// <remarks>
/// Opening and closing the log harms none of SQLite's locks, which lie on the database and on its shared memory. It stays open so that a fault of the disk is told here as well when SQLite has been told of it
/// already: the system tells each file that was open then once. The framework's own flush is not used: it lets pass what a file system says that has become read-only after a fault.
/// </remarks>
internal sealed class WalFile
{
    private readonly Lock _replacing = new();
    private SafeFileHandle? _handle;

    /// <summary>Looks whether this is the log that is in use, and opens it when it is not. To be called while SQLite has it open: it is the same one then for as long.</summary>
    /// <param name="log">The log's path without symbolic links.</param>
    /// <returns>False when it cannot be told; SQLite has to sync by itself then.</returns>
    public bool Follow(string log)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            if (_handle is not null && IsAt(_handle, log))
                return true;
            var opened = File.OpenHandle(log, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (!IsAt(opened, log))
            {
                opened.Dispose();
                return false;
            }

            // That there is such a file has to be durable too.
            SyncDirectory(Path.GetDirectoryName(log)!);
            lock (_replacing)
            {
                _handle?.Dispose();
                _handle = opened;
            }

            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Makes durable what has been written to it. A log that has been replaced since it was followed was written into the database and synced by SQLite before it went.</summary>
    /// <exception cref="Win32Exception">The system did not say that it is.</exception>
    public void Sync()
    {
        lock (_replacing)
            Check(DataSync(_handle!));
    }

    private static bool IsAt(SafeFileHandle handle, string path) => new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget == path;

    private static void SyncDirectory(string path)
    {
        var number = Open(path, flags: 0);
        Check(number < 0 ? -1 : 0);
        using var directory = new SafeFileHandle(number, ownsHandle: true);
        Check(FullSync(directory));
    }

    private static void Check(int result)
    {
        if (result != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int DataSync(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FullSync(SafeFileHandle file);
}
