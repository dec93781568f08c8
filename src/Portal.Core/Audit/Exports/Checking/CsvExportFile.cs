using System.Buffers.Text;
using System.Globalization;
using System.Text;
using CsvHelper;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Steps through a CSV export.</summary>
internal sealed class CsvExportFile(Stream source) : ExportFile(source)
{
    private static readonly CsvReaderOptions Strict = CsvReaderOptions.Default with { Separator = ',', SkipEmptyLines = false, MaxRecordSize = 16 * 1024 * 1024, MalformedData = CsvMalformedDataHandling.Throw, FieldCountMismatch = CsvFieldCountHandling.Throw };

    private readonly CsvReader _csv = CsvReader.Create(source, Strict, leaveOpen: true);
    private int[]? _columns;
    private int _position;
    private int _leaf;
    private int _digests;
    private int _proof;

    /// <inheritdoc />
    public override async ValueTask<ExportStep> SkipAsync(CancellationToken ct)
    {
        try
        {
            if (_columns is null)
            {
                await _csv.ReadHeaderAsync(ct);
                ReadHeader();
            }

            if (!await _csv.ReadAsync(ct))
                return ExportStep.Nothing;
            if (!_csv.GetSpan(_columns![(int)EventField.Code]).StartsWith("export."u8))
                return ExportStep.Event;
            TakeStatement();
            return ExportStep.Statement;
        }
        catch (Exception wrong) when (wrong is CsvFormatException or CsvValidationException)
        {
            throw new FormatException(wrong.Message, wrong);
        }
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await _csv.DisposeAsync();
        await base.DisposeAsync();
    }

    private void ReadHeader()
    {
        var header = _csv.Headers.ToList();
        if (header.Except(AuditCsv.Header).FirstOrDefault() is { } unknown)
            throw new FormatException($"The column '{unknown}' is none of the portal's.");
        if (header.Distinct().Count() != header.Count)
            throw new FormatException("A column is there twice.");
        _columns = [.. AuditColumn.All.Select(column => header.IndexOf(column.Name))];
        (_position, _leaf, _digests, _proof) = (header.IndexOf("position"), header.IndexOf("leaf_hash"), header.IndexOf("field_digests"), header.IndexOf("proof"));
        if (_columns[(int)EventField.Code] < 0 || _position < 0 || _leaf < 0 || _digests < 0 || _proof < 0)
            throw new FormatException("The file has no place in the log beside its events: it is no export that can be checked.");
    }

    /// <inheritdoc />
    protected override void Take(ExportPiece piece)
    {
        var rows = piece.Rows;
        foreach (var column in _columns!)
            if (column < 0)
                rows.AddNothing();
            else
                rows.AddText(SpreadsheetGuard.Remove(_csv.GetSpan(column)));
        var position = _csv.GetSpan(_position);
        long? place = position.IsEmpty ? null : Number(Encoding.UTF8.GetString(position), "position");
        Span<byte> bytes = stackalloc byte[256];
        var digests = SpreadsheetGuard.Remove(_csv.GetSpan(_digests));
        if (digests.Length > 300 || !Base64Url.IsValid(digests) || !Base64Url.TryDecodeFromUtf8(digests, bytes, out var written))
            throw new FormatException("The field digests are none.");
        var field = _csv.GetSpan(_leaf);
        List<byte[]>? path = null;
        Span<byte> leaf = stackalloc byte[MerkleTree.HashSize];
        if (field.Length is not (0 or 64) || Convert.FromHexString(field, leaf, out _, out _) != System.Buffers.OperationStatus.Done)
            throw new FormatException("The leaf hash is none.");
        if (!field.IsEmpty)
            path = PathOf(SpreadsheetGuard.Remove(_csv.GetSpan(_proof)));
        // Only what is whole counts as a row.
        rows.EndRow(place, bytes[..written]);
        if (!field.IsEmpty)
            rows.Prove(rows.Count - 1, leaf, path);
    }

    /// <inheritdoc />
    protected override void Settle(ExportPiece piece, Checkpoint? signed)
    {
        while (piece.Count < piece.Rows.Count)
        {
            // Every cell of a row is checked anyway.
            piece.Rows.Give(piece.Count, piece.Canonical, shown: true);
            piece.Settle(otherwise: null, signed);
        }
    }

    private static List<byte[]>? PathOf(ReadOnlySpan<byte> proof)
    {
        if (proof.IsEmpty)
            return null;
        var path = new List<byte[]>();
        foreach (var part in proof.Split(AuditCsv.ProofSeparator))
        {
            var hash = new byte[MerkleTree.HashSize];
            if (proof[part].Length > 44 || Base64.DecodeFromUtf8(proof[part], hash, out _, out var written) != System.Buffers.OperationStatus.Done || written != hash.Length)
                throw new FormatException("The proof is none.");
            path.Add(hash);
        }

        return path;
    }

    private void TakeStatement()
    {
        var comment = Text(EventField.Comment);
        // From behind: a note has one empty line of its own, and the words may have any number, since a filter's text stands in them. Where nothing is signed there is no note.
        var within = comment.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (within < 0)
            throw new FormatException("The last row has no checkpoint.");
        var end = comment[..within].LastIndexOf("\n\n", StringComparison.Ordinal) is >= 0 and var before ? before : within;
        var filled = new[] { EventField.Sequence, EventField.At, EventField.Code, EventField.Reason, EventField.Comment };
        for (var column = 0; column < _columns!.Length; column++)
            if (_columns[column] >= 0 && !filled.Contains((EventField)column) && !_csv.GetSpan(_columns[column]).IsEmpty)
                throw new FormatException($"The last row has something under '{AuditColumn.All[column].Name}', where the portal writes nothing.");
        if (!_csv.GetSpan(_leaf).IsEmpty || !_csv.GetSpan(_digests).IsEmpty || !_csv.GetSpan(_proof).IsEmpty)
            throw new FormatException("The last row has a proof, where the portal writes none.");
        if (SignedNote.Parse(comment[(end + 2)..]) is { } note && Checkpoint.Parse(note.Text) is { } checkpoint && Text(EventField.At) != checkpoint.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))
            throw new FormatException("The last row gives another time than its checkpoint.");
        Statement = new ExportStatement(
            Text(EventField.Code), Number(Text(EventField.Sequence), "number of rows"), -1, Text(EventField.Reason),
            Number(Encoding.UTF8.GetString(_csv.GetSpan(_position)), "size of the log"), comment[(end + 2)..], comment[..end]);

        string Text(EventField field) => Encoding.UTF8.GetString(SpreadsheetGuard.Remove(_csv.GetSpan(_columns![(int)field])));
    }
}
