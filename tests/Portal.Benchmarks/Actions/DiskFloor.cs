using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Portal.Benchmarks.Actions;

/// <summary>What the disk gives whoever waits for it alone: one frame of SQLite's write-ahead log appended to a file, a page and its header, and <c>fdatasync</c>, again and again.</summary>
internal static class DiskFloor
{
    private const int Frame = 4096 + 24;

    /// <summary>Measures.</summary>
    /// <param name="directory">On the disk in question.</param>
    /// <param name="time">For how long.</param>
    /// <returns>Syncs a second.</returns>
    public static double Measure(string directory, TimeSpan time)
    {
        var path = Path.Combine(directory, "floor");
        var frame = new byte[Frame];
        try
        {
            using var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
            var (syncs, start) = (0, Stopwatch.GetTimestamp());
            for (; Stopwatch.GetElapsedTime(start) < time; syncs++)
            {
                RandomAccess.Write(file, frame, (long)syncs * Frame);
                if (FdataSync(file.DangerousGetHandle()) != 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
            }

            return syncs / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        finally
        {
            File.Delete(path);
        }
    }

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FdataSync(nint file);
}
