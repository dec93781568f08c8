namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Steps through a stream line by line, in one buffer.</summary>
/// <param name="source">The stream, from its start; stays open.</param>
/// <param name="longest">The most bytes that a line may have.</param>
internal sealed class LineReader(Stream source, int longest)
{
    private byte[] _buffer = new byte[256 * 1024];
    private int _from;
    private int _to;

    /// <summary>The line of the last step, without its end; good until the next step.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Goes to the next line.</summary>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="FormatException">A line is longer than lines may be, or the last one has no end.</exception>
    public ValueTask<bool> NextAsync(CancellationToken ct) => TryTake(_from) ? ValueTask.FromResult(true) : FillAsync(ct);

    private bool TryTake(int looked)
    {
        var length = _buffer.AsSpan(looked.._to).IndexOf((byte)'\n');
        if (length < 0)
            return false;
        Line = _buffer.AsMemory(_from..(looked + length));
        _from = looked + length + 1;
        return true;
    }

    private async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        while (true)
        {
            var begun = _to - _from;
            if (begun > longest)
                throw new FormatException("A line is longer than any that the portal writes.");
            _buffer.AsSpan(_from, begun).CopyTo(_buffer);
            if (begun == _buffer.Length)
                Array.Resize(ref _buffer, _buffer.Length * 2);
            (_from, _to) = (0, begun);
            var read = await source.ReadAsync(_buffer.AsMemory(begun), ct);
            if (read == 0)
                return begun == 0 ? false : throw new FormatException("The last line has no end.");
            _to += read;
            if (TryTake(begun))
                return true;
        }
    }
}
