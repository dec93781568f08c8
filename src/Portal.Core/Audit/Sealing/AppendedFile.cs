using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Core.Audit.Sealing;

/// <summary>
/// A file that is opened for appending and nothing else. .NET remembers the end that it saw when it opened a file and writes there, over what another has written since; and a file that the
/// file system lets nobody change (<c>chattr +a</c>) it cannot open at all. So on Linux and macOS the system is asked to append.
/// </summary>
internal static class AppendedFile
{
    private const int NoEntry = 2;
    private const int Interrupted = 4;
    private const int NotPermitted = 1;
    private const int AccessDenied = 13;

    // O_WRONLY, O_APPEND and O_CLOEXEC.
    private static int Flags => OperatingSystem.IsLinux() ? 0x1 | 0x400 | 0x80000 : 0x1 | 0x8 | 0x1000000;

    /// <summary>Appends in one write, behind whatever is there by then, and waits until the disk has it.</summary>
    /// <param name="path">The file; an absolute path. It is made when it is not there.</param>
    /// <param name="text">What to write.</param>
    /// <param name="between">What stands in front of it where the file has something already.</param>
    /// <exception cref="IOException">It could not be written, or not all of it.</exception>
    /// <exception cref="UnauthorizedAccessException">The rights do not allow it.</exception>
    public static void Append(string path, string text, string between)
    {
        var isNative = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();
        using var file = isNative ? new FileStream(Open(path), FileAccess.Write, bufferSize: 0) : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var bytes = Encoding.UTF8.GetBytes((file.CanSeek && file.Length > 0 ? between : "") + text);
        if (isNative)
            Write(file.SafeFileHandle, bytes, path);
        else
            file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    private static SafeFileHandle Open(string path)
    {
        var name = Encoding.UTF8.GetBytes(path + '\0');
        while (true)
        {
            var opened = NativeOpen(name, Flags);
            if (opened >= 0)
                return new SafeFileHandle(opened, ownsHandle: true);
            var error = Marshal.GetLastPInvokeError();
            if (error == NoEntry)
                // .NET makes it, with the rights that any file gets: how open is told of them differs between systems.
                new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
            else if (error != Interrupted)
                throw Fault(error, path);
        }
    }

    // Not by FileStream, which writes at a place, and not everywhere is the end taken instead.
    private static void Write(SafeFileHandle file, byte[] bytes, string path)
    {
        while (true)
        {
            var written = NativeWrite(file, bytes, bytes.Length);
            if (written == bytes.Length)
                return;
            // The rest would stand behind whatever another wrote meanwhile.
            if (written >= 0)
                throw new IOException($"Only {written} of {bytes.Length} bytes could be written: '{path}'");
            if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
                throw Fault(error, path);
        }
    }

    private static Exception Fault(int error, string path)
    {
        var said = $"{Marshal.GetPInvokeErrorMessage(error)}: '{path}'";
        return error is AccessDenied or NotPermitted ? new UnauthorizedAccessException(said) : new IOException(said);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int NativeOpen(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    private static extern nint NativeWrite(SafeFileHandle file, byte[] bytes, nint count);
}
