using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Exports;

/// <summary>A piece of the audit trail as UTF-8: rows of cells, in the order of <see cref="AuditColumn.All"/>, in one buffer that is filled again and again. Reading and writing a row makes no object.</summary>
/// <remarks>A cell that is empty stands for what the event does not know. Not for several threads at once.</remarks>
public sealed class AuditRows
{
    /// <summary>How many rows there is room for.</summary>
    public const int Most = 1000;

    private const string WholeMilliseconds = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const string Ticks = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    private static readonly int Width = AuditColumn.All.Count;
    private static readonly int Sequence = AuditColumn.IndexOf("sequence");
    private static readonly int At = AuditColumn.IndexOf("at");
    private static readonly int ActorObjectId = AuditColumn.IndexOf("actor_object_id");
    private static readonly int ClientAddress = AuditColumn.IndexOf("client_address");
    private static readonly int UserAgent = AuditColumn.IndexOf("user_agent");

    private readonly int[] _ends = new int[(Most * Width) + 1];
    private readonly bool[] _withoutOrigin = new bool[Most];
    private byte[] _bytes = new byte[256 * 1024];
    private int _cells;

    /// <summary>How many rows are complete.</summary>
    public int Count => _cells / Width;

    /// <summary>A cell; valid until the rows are cleared.</summary>
    /// <param name="row">From 0 to <see cref="Count"/> - 1.</param>
    /// <param name="column">The index in <see cref="AuditColumn.All"/>.</param>
    public ReadOnlySpan<byte> this[int row, int column]
    {
        get
        {
            if (_withoutOrigin[row] && (column == ClientAddress || column == UserAgent))
                return default;
            var cell = (row * Width) + column;
            return _bytes.AsSpan(_ends[cell].._ends[cell + 1]);
        }
    }

    /// <summary>Forgets all rows and keeps the room.</summary>
    public void Clear()
    {
        _cells = 0;
        Array.Clear(_withoutOrigin);
    }

    /// <summary>Adds the next cell: text. What is no UTF-8 is replaced, as reading it as text would.</summary>
    public void AddText(ReadOnlySpan<byte> utf8)
    {
        if (!Ascii.IsValid(utf8) && !Utf8.IsValid(utf8))
            utf8 = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8));
        utf8.CopyTo(Room(utf8.Length));
        Take(utf8.Length);
    }

    /// <summary>Adds the next cell: a GUID.</summary>
    public void AddId(Guid id)
    {
        Utf8Formatter.TryFormat(id, Room(36), out var written);
        Take(written);
    }

    /// <summary>Adds the next cell: a number.</summary>
    public void AddNumber(long number)
    {
        Utf8Formatter.TryFormat(number, Room(20), out var written);
        Take(written);
    }

    /// <summary>Adds the next cell: an instant.</summary>
    /// <param name="utc">In UTC.</param>
    public void AddInstant(DateTime utc)
    {
        utc.TryFormat(Room(28), out var written, utc.Ticks % TimeSpan.TicksPerMillisecond == 0 ? WholeMilliseconds : Ticks, CultureInfo.InvariantCulture);
        Take(written);
    }

    /// <summary>Adds the next cell: nothing.</summary>
    public void AddNothing() => Take(0);

    /// <summary>Room for the next cell, to be filled and then taken. Valid until the next call.</summary>
    /// <param name="bytes">At least so much.</param>
    public Span<byte> Room(int bytes)
    {
        var used = _ends[_cells];
        if (_bytes.Length - used < bytes)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, used + bytes));
        return _bytes.AsSpan(used);
    }

    /// <summary>Ends the next cell after so many bytes of its room.</summary>
    public void Take(int bytes)
    {
        _ends[_cells + 1] = _ends[_cells] + bytes;
        _cells++;
    }

    /// <summary>Where the last row stands in the trail.</summary>
    /// <exception cref="FormatException">Its time or number is none: it was changed behind the portal's back.</exception>
    internal TrailPlace Last()
    {
        var at = this[Count - 1, At];
        var sequence = this[Count - 1, Sequence];
        Span<char> text = stackalloc char[28];
        if (at.Length > text.Length
            || !Utf8.ToUtf16(at, text, out _, out var length).Equals(System.Buffers.OperationStatus.Done)
            || !DateTimeOffset.TryParseExact(text[..length], [WholeMilliseconds, Ticks], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant)
            || !Utf8Parser.TryParse(sequence, out long number, out _))
            throw new FormatException($"An event of the audit trail has the time '{Encoding.UTF8.GetString(at)}' and the number '{Encoding.UTF8.GetString(sequence)}', which the portal does not write.");
        return new TrailPlace(instant, number);
    }

    /// <summary>Leaves out what a reader may not see, as <see cref="AuditEvent.HidesOriginFrom"/> decides it.</summary>
    internal void ShowTo(Actor reader)
    {
        for (var row = 0; row < Count; row++)
            _withoutOrigin[row] = AuditEvent.HidesOriginFrom(reader, Utf8Parser.TryParse(this[row, ActorObjectId], out Guid actor, out _) ? actor : null);
    }
}
