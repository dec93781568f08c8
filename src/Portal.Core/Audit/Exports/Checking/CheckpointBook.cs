using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Signed checkpoints from somewhere that the database's owner cannot rewrite, to compare an export with.</summary>
public sealed class CheckpointBook
{
    private readonly SortedDictionary<long, Checkpoint> _bySize = [];

    private CheckpointBook()
    {
    }

    /// <summary>How many checkpoints there are.</summary>
    public int Count => _bySize.Count;

    /// <summary>The checkpoints, the smallest log first.</summary>
    public IEnumerable<Checkpoint> All => _bySize.Values;

    /// <summary>No checkpoints.</summary>
    public static CheckpointBook Empty { get; } = new();

    /// <summary>The checkpoint of a log of that size.</summary>
    /// <returns>Null when there is none.</returns>
    public Checkpoint? At(long size) => _bySize.GetValueOrDefault(size);

    /// <summary>Reads signed notes that stand one after the other. Those that none of the keys signed are refused: somebody put them there.</summary>
    /// <param name="notes">The notes.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="isWhole">True for what was written in one go: then there is nothing else in it. False for a file that notes are appended to: what a crash or a full disk cut off is passed over.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="FormatException">Something is no checkpoint, is not signed, or contradicts another one.</exception>
    public static async Task<CheckpointBook> ReadAsync(TextReader notes, IReadOnlyCollection<VerifierKey> keys, bool isWhole, CancellationToken ct)
    {
        var book = new CheckpointBook();
        var found = new NoteSplitter();
        var (lines, inNotes) = (0L, 0L);
        while (await notes.ReadLineAsync(ct) is { } line)
        {
            Take(found.Take(line));
            lines += line.Length > 0 ? 1 : 0;
        }

        Take(found.Take(""));
        // What has no checkpoint at all is another file, with which nothing would be compared.
        if (lines > 0 && (book.Count == 0 || (isWhole && lines > inNotes)))
            throw new FormatException("The checkpoints' file has something in it that is no checkpoint.");
        return book;

        void Take(string? note)
        {
            if (note is null)
                return;
            book.Add(note, keys);
            // All lines of a note but the one between its text and its signatures.
            inNotes += note.Count(c => c == '\n') - 1;
        }
    }

    private void Add(string text, IReadOnlyCollection<VerifierKey> keys)
    {
        var note = SignedNote.Parse(text)!;
        var checkpoint = Checkpoint.Parse(note.Text)!;
        if (!keys.Any(note.IsSignedBy))
            throw new FormatException($"The checkpoint at {checkpoint.Size} is signed by none of the keys.");
        if (_bySize.TryGetValue(checkpoint.Size, out var other) && !other.Agrees(checkpoint))
            throw new FormatException($"There are two checkpoints at {checkpoint.Size} that contradict each other.");
        _bySize[checkpoint.Size] = checkpoint;
    }
}
