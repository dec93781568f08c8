using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Portal.Core.Audit.Sealing;

/// <summary>Checkpoints in a file that is only ever appended to and written through to the disk. Each is followed by an empty line.</summary>
/// <remarks>What a crash cut off is passed over. Let the file system help: <c>chattr +a</c>, a mount of another owner, a copy to a log host.</remarks>
/// <param name="path">The file; an absolute path. It is made with the first checkpoint.</param>
/// <param name="host">The host that it lies on; null for this one.</param>
public sealed class CheckpointFile(string path, string? host = null) : ICheckpointStore
{
    // As much as some hundred checkpoints take.
    private const int Tail = 64 * 1024;

    /// <inheritdoc />
    public bool IsConfigured => path.Length > 0;

    /// <inheritdoc />
    public string Name => path;

    /// <inheritdoc />
    public string RememberedAs => $"{Host}:{path}";

    /// <inheritdoc />
    public string Host { get; } = host ?? Dns.GetHostName();

    /// <inheritdoc />
    public async Task AppendAsync(long size, string note, CancellationToken ct)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // What a crash may have cut off in the middle of a line ends with an empty one: the note would go on from it.
            await Task.Run(() => AppendedFile.Append(path, note + "\n", between: "\n\n"), ct);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SealingException(SealingProblem.StoreUnreachable, $"The checkpoint file cannot be written: {fault.Message}", fault);
        }
    }

    /// <inheritdoc />
    public Task<bool?> ProtectsAsync(CancellationToken ct) => Task.FromResult<bool?>(null);

    /// <inheritdoc />
    public async Task<string?> LatestAsync(CancellationToken ct)
    {
        var notes = Split(await TextAsync(Tail, ct)).ToList();
        if (notes.Count == 0)
            notes = [.. Split(await TextAsync(long.MaxValue, ct))];
        return notes.MaxBy(SizeOf);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<string> ReadAsync(long from, IReadOnlyCollection<long> besides, [EnumeratorCancellation] CancellationToken ct)
    {
        var notes = new NoteSplitter();
        await using var file = Open();
        using var reader = file is null ? null : new StreamReader(file, Encoding.UTF8);
        for (var more = reader is not null; more;)
        {
            var line = await LineAsync(reader!, ct);
            more = line is not null;
            if (notes.Take(line ?? "") is { } note && (from == 0 || SizeOf(note) is var size && (size >= from || besides.Contains(size))))
                yield return note;
        }
    }

    /// <summary>The notes in a text, one after the other, with empty lines between them or without. What is none is passed over.</summary>
    public static IEnumerable<string> Split(string text)
    {
        var notes = new NoteSplitter();
        var lines = new StringReader(text);
        while (lines.ReadLine() is { } line)
            if (notes.Take(line) is { } note)
                yield return note;
        if (notes.Take("") is { } last)
            yield return last;
    }

    /// <summary>How many events a note is of; -1 when it is no checkpoint.</summary>
    public static long SizeOf(string note) => SignedNote.Parse(note) is { } signed && Checkpoint.Parse(signed.Text) is { } checkpoint ? checkpoint.Size : -1;

    private async Task<string> TextAsync(long atMost, CancellationToken ct)
    {
        await using var file = Open();
        if (file is null)
            return "";
        try
        {
            file.Seek(-Math.Min(atMost, file.Length), SeekOrigin.End);
            using var reader = new StreamReader(file, Encoding.UTF8);
            return await reader.ReadToEndAsync(ct);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Unreachable(fault);
        }
    }

    // Null when there is none yet.
    private FileStream? Open()
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Unreachable(fault);
        }
    }

    private static async Task<string?> LineAsync(StreamReader reader, CancellationToken ct)
    {
        try
        {
            return await reader.ReadLineAsync(ct);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Unreachable(fault);
        }
    }

    private static SealingException Unreachable(Exception fault) => new(SealingProblem.StoreUnreachable, $"The checkpoint file cannot be read: {fault.Message}", fault);
}
