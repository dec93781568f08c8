using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Exports;

/// <summary>A piece of the audit trail as UTF-8: rows of cells, in the order of <see cref="AuditColumn.All"/>, each with its place in the log, in one buffer that is filled again and again. Reading and writing a row makes no object.</summary>
/// <remarks>A cell that is empty stands for what the event does not know. Not for several threads at once.</remarks>
public sealed class AuditRows
{
    /// <summary>How many rows a piece is meant to have. There is room for more: a turn of the sealer has some more, and of a database that was tampered with there may be any number.</summary>
    public const int Most = 1000;

    /// <summary>Stands in front of what is stored in a form in which the portal writes nothing. No text of the portal's has it: PostgreSQL could not hold it.</summary>
    public const byte ForeignMark = 0;

    private const string WholeMilliseconds = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const string Ticks = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";
    private const long NoPosition = -1;

    // Behind the columns stand the field digests.
    private static readonly int Columns = AuditColumn.All.Count;
    private static readonly int Width = Columns + 1;
    private static readonly int Sequence = AuditColumn.IndexOf("sequence");
    private static readonly int At = AuditColumn.IndexOf("at");
    private static readonly int ActorObjectId = AuditColumn.IndexOf("actor_object_id");
    private static readonly int ClientAddress = AuditColumn.IndexOf("client_address");
    private static readonly int UserAgent = AuditColumn.IndexOf("user_agent");

    private readonly bool _asStored;
    private int[] _ends = new int[((Most + 1) * Width) + 1];
    private long[] _positions = new long[Most];
    private bool[] _left = new bool[Most];
    private bool[] _redacted = new bool[Most];
    private byte[] _leaves = new byte[Most * MerkleTree.HashSize];
    private IReadOnlyList<byte[]>?[] _paths = new IReadOnlyList<byte[]>?[Most];
    private byte[] _bytes = new byte[256 * 1024];
    private int _cells;

    /// <summary>Rows for a file.</summary>
    public AuditRows()
    {
    }

    /// <summary>Rows for a file or to be compared.</summary>
    /// <param name="asStored">True to leave what is no UTF-8 as it is, so that nothing that was changed looks as if it was not.</param>
    internal AuditRows(bool asStored) => _asStored = asStored;

    /// <summary>How many rows are complete.</summary>
    public int Count { get; private set; }

    /// <summary>How many bytes they are.</summary>
    internal int Bytes => _ends[_cells];

    /// <summary>What was found not to be as it was sealed, in English; null when nothing was.</summary>
    public string? Fault { get; private set; }

    /// <summary>Why the export ends here, before its end, in English; null when it goes on.</summary>
    public string? BrokenOff { get; private set; }

    /// <summary>A cell; valid until the rows are cleared.</summary>
    /// <param name="row">From 0 to <see cref="Count"/> - 1.</param>
    /// <param name="column">The index in <see cref="AuditColumn.All"/>.</param>
    public ReadOnlySpan<byte> this[int row, int column] => _redacted[row] && (column == ClientAddress || column == UserAgent) ? default : Cell(row, column);

    /// <summary>The row's position in the log; -1 when it has none.</summary>
    public long Position(int row) => _positions[row];

    /// <summary>The field digests that were sealed with the row; empty when there are none.</summary>
    public ReadOnlySpan<byte> Digests(int row) => Cell(row, Columns);

    /// <summary>Those digests as a file gives them: no more than there are fields, whatever somebody put behind them.</summary>
    internal ReadOnlySpan<byte> GivenDigests(int row) => Digests(row) is var all && all.Length > CanonicalEvent.MostDigests ? all[..CanonicalEvent.MostDigests] : all;

    /// <summary>The leaf hash that the log has for the row; empty when it has none.</summary>
    public ReadOnlySpan<byte> Leaf(int row)
    {
        var leaf = _leaves.AsSpan(row * MerkleTree.HashSize, MerkleTree.HashSize);
        return leaf.ContainsAnyExcept((byte)0) ? leaf : default;
    }

    /// <summary>The inclusion proof of the row, from the leaf up; null when it has none.</summary>
    public IReadOnlyList<byte[]>? Path(int row) => _paths[row];

    /// <summary>Whether the row belongs to what was asked for: an event that is newer than the state of the log does not.</summary>
    public bool IsShown(int row) => !_left[row];

    /// <summary>Whether something of the row is kept from its reader, who therefore cannot compute its hash.</summary>
    public bool IsRedacted(int row) => _redacted[row];

    /// <summary>Forgets all rows and keeps the room.</summary>
    public void Clear()
    {
        (_cells, Count, Fault, BrokenOff) = (0, 0, null, null);
        Array.Clear(_left);
        Array.Clear(_redacted);
        Array.Clear(_leaves);
        Array.Clear(_paths);
    }

    /// <summary>Adds the next cell: text. For a file, what is no UTF-8 is replaced, as reading it as text would.</summary>
    public void AddText(ReadOnlySpan<byte> utf8)
    {
        if (!_asStored && !Ascii.IsValid(utf8) && !Utf8.IsValid(utf8))
            utf8 = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8));
        Add(utf8);
    }

    /// <summary>Adds the next cell: something that is stored in a form in which the portal writes nothing, behind <see cref="ForeignMark"/>, so that it is another value than the one that it looks like.</summary>
    public void AddForeign(ReadOnlySpan<byte> stored) => AddText([ForeignMark, .. stored]);

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
        // The standard form needs no pattern to be read for each cell. Of whole milliseconds its last four digits are left out.
        var room = Room(28);
        DateTime.SpecifyKind(utc, DateTimeKind.Utc).TryFormat(room, out var written, "O", CultureInfo.InvariantCulture);
        if (utc.Ticks % TimeSpan.TicksPerMillisecond == 0)
            room[(written = 24) - 1] = (byte)'Z';
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

    /// <summary>Ends a row that has all its cells.</summary>
    /// <param name="position">Its position in the log; null when it has none.</param>
    /// <param name="digests">Its field digests; empty when it has none.</param>
    public void EndRow(long? position, ReadOnlySpan<byte> digests)
    {
        Add(digests);
        if (Count == _positions.Length)
            Grow();
        _positions[Count++] = position ?? NoPosition;
    }

    /// <summary>Takes the last row back.</summary>
    internal void TakeBack()
    {
        _cells = --Count * Width;
        _leaves.AsSpan(Count * MerkleTree.HashSize, MerkleTree.HashSize).Clear();
        _paths[Count] = null;
    }

    /// <summary>Where the last row stands in the trail.</summary>
    /// <exception cref="FormatException">Its time or number is none: it was changed behind the portal's back.</exception>
    internal TrailPlace Last() =>
        InstantOf(Cell(Count - 1, At)) is { } instant && Utf8Parser.TryParse(Cell(Count - 1, Sequence), out long number, out _)
            ? new TrailPlace(instant, number)
            : throw new FormatException($"An event of the audit trail has the time '{Encoding.UTF8.GetString(Cell(Count - 1, At))}' and the number '{Encoding.UTF8.GetString(Cell(Count - 1, Sequence))}', which the portal does not write.");

    /// <summary>When the last row was.</summary>
    /// <returns>Null without rows, or when it says no time.</returns>
    internal DateTimeOffset? LastAt() => Count == 0 ? null : AtOf(Count - 1);

    /// <summary>When a row was.</summary>
    /// <returns>Null when it says no time.</returns>
    internal DateTimeOffset? AtOf(int row) => InstantOf(Cell(row, At));

    /// <summary>Leaves out what a reader may not see, as <see cref="AuditEvent.HidesOriginFrom"/> decides it.</summary>
    internal void ShowTo(Actor reader)
    {
        for (var row = 0; row < Count; row++)
            _redacted[row] = !(Cell(row, ClientAddress).IsEmpty && Cell(row, UserAgent).IsEmpty)
                && AuditEvent.HidesOriginFrom(reader, Utf8Parser.TryParse(Cell(row, ActorObjectId), out Guid actor, out _) ? actor : null);
    }

    /// <summary>Leaves a row out.</summary>
    internal void LeaveOut(int row) => _left[row] = true;

    /// <summary>Gives a row its leaf hash and proof.</summary>
    internal void Prove(int row, ReadOnlySpan<byte> leaf, IReadOnlyList<byte[]>? path)
    {
        leaf.CopyTo(_leaves.AsSpan(row * MerkleTree.HashSize));
        _paths[row] = path;
    }

    /// <summary>Notes that something is not as it was sealed; the first note stays.</summary>
    internal void Accuse(string fault) => Fault ??= fault;

    /// <summary>Ends the export here, with no row of these.</summary>
    internal void BreakOff(string why) => BrokenOff = why;

    /// <summary>Hands a row to what makes its canonical form.</summary>
    /// <param name="row">Which.</param>
    /// <param name="canonical">Takes it.</param>
    /// <param name="shown">True for what its reader sees of it, false for all of it, as it was sealed.</param>
    internal void Give(int row, CanonicalEvent canonical, bool shown)
    {
        var first = row * Width;
        canonical.Take(_bytes.AsSpan(_ends[first].._ends[first + Columns]), _ends.AsSpan(first, Columns + 1));
        if (!shown || !_redacted[row])
            return;
        canonical.Drop(EventField.ClientAddress);
        canonical.Drop(EventField.UserAgent);
    }

    /// <summary>Adds the next cell as it is.</summary>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Take(bytes.Length);
    }

    /// <summary>Reads a cell that holds an instant.</summary>
    /// <returns>Null when it holds none.</returns>
    internal static DateTimeOffset? InstantOf(ReadOnlySpan<byte> cell)
    {
        Span<char> text = stackalloc char[28];
        return cell.Length <= text.Length
            && Utf8.ToUtf16(cell, text, out _, out var length) == OperationStatus.Done
            && DateTimeOffset.TryParseExact(text[..length], [WholeMilliseconds, Ticks], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant)
                ? instant
                : null;
    }

    private void Grow()
    {
        var rows = Count * 2;
        Array.Resize(ref _ends, ((rows + 1) * Width) + 1);
        Array.Resize(ref _positions, rows);
        Array.Resize(ref _left, rows);
        Array.Resize(ref _redacted, rows);
        Array.Resize(ref _leaves, rows * MerkleTree.HashSize);
        Array.Resize(ref _paths, rows);
    }

    private ReadOnlySpan<byte> Cell(int row, int column)
    {
        var cell = (row * Width) + column;
        return _bytes.AsSpan(_ends[cell].._ends[cell + 1]);
    }
}
