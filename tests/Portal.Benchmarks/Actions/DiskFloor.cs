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
    /// <param name="longer">By how much each sync takes longer than it does; zero for the disk as it is.</param>
    /// <returns>Syncs a second.</returns>
    public static double Measure(string directory, TimeSpan time, TimeSpan longer)
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
                Wait(longer);
            }

            return syncs / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What a slower disk has its callers wait for: the thread stands still, as in a sync.</summary>
    public static void Wait(TimeSpan longer)
    {
        if (longer > TimeSpan.Zero && Sleep((uint)longer.TotalMicroseconds) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FdataSync(nint file);

    [DllImport("libc", EntryPoint = "usleep", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sleep(uint microseconds);
}
