using System.Text;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Signed checkpoints from somewhere that the database's owner cannot rewrite, to compare an export with.</summary>
public sealed class CheckpointBook
{
    private const string SignatureStart = "\u2014 ";

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
    /// <exception cref="FormatException">Something is no checkpoint, is not signed, or contradicts another one.</exception>
    public static async Task<CheckpointBook> ReadAsync(TextReader notes, IReadOnlyCollection<VerifierKey> keys, CancellationToken ct)
    {
        var book = new CheckpointBook();
        var note = new StringBuilder();
        var signed = false;
        while (await notes.ReadLineAsync(ct) is { } line)
        {
            var signature = line.StartsWith(SignatureStart, StringComparison.Ordinal);
            if (signed && !signature)
                book.Add(note, keys);
            signed = signature;
            // Between two notes there may be an empty line.
            if (note.Length > 0 || line.Length > 0)
                note.Append(line).Append('\n');
            if (note.Length > SignedNote.MaxLength)
                throw new FormatException("The checkpoints' file has something in it that is no checkpoint.");
        }

        if (note.Length > 0)
            book.Add(note, keys);
        return book;
    }

    private void Add(StringBuilder text, IReadOnlyCollection<VerifierKey> keys)
    {
        var note = SignedNote.Parse(text.ToString()) ?? throw new FormatException("The checkpoints' file has something in it that is no checkpoint.");
        text.Clear();
        var checkpoint = Checkpoint.Parse(note.Text) ?? throw new FormatException("The checkpoints' file has a note that is no checkpoint.");
        if (!keys.Any(note.IsSignedBy))
            throw new FormatException($"The checkpoint at {checkpoint.Size} is signed by none of the keys.");
        if (_bySize.TryGetValue(checkpoint.Size, out var other) && !other.Agrees(checkpoint))
            throw new FormatException($"There are two checkpoints at {checkpoint.Size} that contradict each other.");
        _bySize[checkpoint.Size] = checkpoint;
    }
}
