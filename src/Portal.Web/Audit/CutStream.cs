namespace Portal.Web.Audit;

/// <summary>Passes on what comes after so many bytes, and counts all of it. Only for writing, and never synchronously.</summary>
/// <param name="rest">Where the rest goes.</param>
/// <param name="skip">How many bytes are left out.</param>
internal sealed class CutStream(Stream rest, long skip) : Stream
{
    /// <summary>How many bytes came, those left out among them.</summary>
    public long Seen { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var left = (int)Math.Clamp(skip - Seen, 0, buffer.Length);
        Seen += buffer.Length;
        return left == buffer.Length ? ValueTask.CompletedTask : rest.WriteAsync(buffer[left..], cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => rest.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
