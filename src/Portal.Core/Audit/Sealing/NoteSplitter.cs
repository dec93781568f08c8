using System.Text;

namespace Portal.Core.Audit.Sealing;

/// <summary>Finds the signed checkpoints in lines of a file that is only ever appended to: each has a text, an empty line and signatures. What a crash or a full disk cut off is passed over, and so is whatever else is none.</summary>
internal sealed class NoteSplitter
{
    private const string SignatureStart = "\u2014 ";

    // What stands before the last empty line, and what stands behind it.
    private readonly StringBuilder _block = new();
    private string _text = "";
    private bool _signs;

    /// <summary>Takes the next line, without its end; an empty one for the end of the file.</summary>
    /// <returns>The note that ended before this line; null when none did.</returns>
    public string? Take(string line)
    {
        var signs = line.StartsWith(SignatureStart, StringComparison.Ordinal);
        // Between two notes there may be an empty line.
        var note = _block.Length > 0 && (line.Length == 0 || (_signs && !signs)) ? End() : null;
        if (_block.Length == 0)
            _signs = signs;
        // What is longer than any note is none, however it goes on.
        if (line.Length > 0 && _block.Length <= SignedNote.MaxLength)
            _block.Append(line).Append('\n');
        return note;
    }

    private string? End()
    {
        var note = _text + "\n" + _block;
        _text = _block.ToString();
        _block.Clear();
        // A signature may be cut off as well, and what is left of it still be base64.
        return _signs && SignedNote.Parse(note) is { } signed && signed.Signatures.Any(s => s.Signature.Length >= VerifierKey.SignatureSize) && Checkpoint.Parse(signed.Text) is not null ? note : null;
    }
}
