using System.Globalization;
using System.Text;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Checks one export: each row by its own hash, the rows together by the root that was signed, and the file by what it says of itself. Stops at the first thing that does not hold.</summary>
/// <param name="open">Opens the file; called twice.</param>
/// <param name="keys">The public keys.</param>
/// <param name="book">Checkpoints to compare with.</param>
/// <param name="read">Told how many bytes were read since it was last told; null for nobody.</param>
internal sealed class ExportCheck(Func<Stream> open, IReadOnlyList<VerifierKey> keys, CheckpointBook book, Action<long>? read)
{
    private readonly TileAppender _log = new();
    private ExportStatement? _statement;
    private Checkpoint? _signed;
    private (DateTimeOffset At, long Sequence)? _before;
    private long _rows;
    private long _unproven;
    private int _compared;

    /// <summary>Checks.</summary>
    public async Task<ExportVerdict> RunAsync(CancellationToken ct)
    {
        var fault = await FindAsync(ct);
        return new ExportVerdict(_rows, _unproven, _statement, _compared, fault);
    }

    private async Task<ExportFault?> FindAsync(CancellationToken ct)
    {
        try
        {
            return await ReadStatementAsync(ct) ?? CheckSignature() ?? await CheckRowsAsync(ct) ?? CheckEnd();
        }
        catch (FormatException wrong)
        {
            return At(ExportFaultCode.Malformed, _rows + 1, null, null, null, wrong.Message);
        }
    }

    private Stream Open() => read is null ? open() : new CountingStream(open(), read);

    private async Task<ExportFault?> ReadStatementAsync(CancellationToken ct)
    {
        await using var file = await ExportFile.OpenAsync(Open, ct);
        var (rows, last) = (0L, ExportStep.Event);
        while (await file.SkipAsync(ct) is not ExportStep.Nothing and var step)
        {
            if (file.Statement is { Code.Length: > 0 } && !(step == ExportStep.Statement && last != ExportStep.Statement))
                return Overall(ExportFaultCode.Trailing, $"Something follows the end of the export, behind row {rows}.");
            if (step == ExportStep.Event)
                rows++;
            else if (last == ExportStep.Statement || (file.Statement!.Code.Length == 0 && rows > 0))
                return Overall(ExportFaultCode.Trailing, $"Another export begins behind row {rows}.");
            // A statement at the start is followed by rows; one behind them is the end.
            last = step == ExportStep.Statement && file.Statement!.Code.Length == 0 ? ExportStep.Event : step;
        }

        _statement = file.Statement;
        return _statement is not { Code.Length: > 0 } ? Overall(ExportFaultCode.Truncated, $"The file ends behind row {rows} without the row that says how it ended.") : null;
    }

    private ExportFault? CheckSignature()
    {
        if (_statement!.Kind is not ("whole" or "filtered"))
            return Overall(ExportFaultCode.Declared, "Nothing of this export was ever sealed, so nothing of it can be checked.");
        if (SignedNote.Parse(_statement.Note) is not { } note || Checkpoint.Parse(note.Text) is not { } checkpoint)
            return Overall(ExportFaultCode.Signature, "What the file gives as its checkpoint is none.");
        if (!keys.Any(note.IsSignedBy))
            return Overall(ExportFaultCode.Signature, $"The checkpoint is signed by none of the keys that were given; it names {string.Join(", ", note.Signatures.Select(s => $"{s.KeyName}+{s.KeyId:x8}"))}.");
        if (checkpoint.Size != _statement.Size)
            return Overall(ExportFaultCode.Contradiction, $"The file says that the log had {_statement.Size} events; the signed checkpoint says {checkpoint.Size}.");
        _signed = checkpoint;
        if (book.At(checkpoint.Size) is not { } other)
            return null;
        _compared++;
        return other.Agrees(checkpoint) ? null : Overall(ExportFaultCode.Checkpoints, $"The checkpoint contradicts the one at {checkpoint.Size} that was kept elsewhere.");
    }

    private async Task<ExportFault?> CheckRowsAsync(CancellationToken ct)
    {
        await using var file = await ExportFile.OpenAsync(Open, ct);
        await foreach (var piece in file.PiecesAsync(_statement!.Kind == "whole" ? null : _signed, ct))
        {
            for (var row = 0; row < piece.Count; row++)
            {
                _rows++;
                if (CheckRow(piece, row) is { } fault)
                    return fault;
            }

            if (piece.Broken is { } broken)
                return At(ExportFaultCode.Malformed, _rows + 1, null, null, null, broken.Message);
        }

        return null;
    }

    private ExportFault? CheckRow(ExportPiece piece, int row)
    {
        var (rows, facts) = (piece.Rows, piece.Facts(row));
        if (facts.Otherwise is { } other)
            return Of(ExportFaultCode.Altered, rows, row, other, $"'{other}' is not what the portal writes for this event");
        if (CheckOrder(piece, row) is { } disorder)
            return disorder;
        var (whole, position) = (_statement!.Kind == "whole", rows.Position(row));
        var leaf = rows.Leaf(row);
        if (position < 0 && leaf.IsEmpty)
        {
            _unproven++;
            return whole ? Of(ExportFaultCode.Unproven, rows, row, "position", "it has no place in the log: it was never sealed") : null;
        }

        if (position < 0 || leaf.IsEmpty)
            return Of(ExportFaultCode.Altered, rows, row, position < 0 ? "position" : "leaf_hash", $"it has no {(position < 0 ? "position" : "leaf hash")}");
        var changed = facts.Changed?.Name();
        if (!piece.Hash(row).SequenceEqual(leaf))
            return changed is null
                ? Of(ExportFaultCode.Altered, rows, row, "leaf_hash", "its leaf hash is another event's")
                : Of(ExportFaultCode.Altered, rows, row, changed, $"{changed} is not as it was sealed");
        if (changed is not null || rows.Digests(row).Length > CanonicalEvent.MostDigests)
            return Of(ExportFaultCode.Altered, rows, row, "field_digests", "its field digests are another event's");
        if (!whole)
            return facts.IsIncluded ? null : Of(ExportFaultCode.NotInLog, rows, row, "proof", "its proof does not lead to what was signed: position, proof or event is not that of the log");
        if (rows.Path(row) is not null)
            return Of(ExportFaultCode.Altered, rows, row, "proof", "a whole export has no proofs");
        _log.Append(leaf);
        return CompareOnTheWay();
    }

    private ExportFault? CheckOrder(ExportPiece piece, int row)
    {
        var rows = piece.Rows;
        if (_statement!.Kind == "whole")
        {
            var position = rows.Position(row);
            return position < 0 || position == _log.Size ? null
                : position > _log.Size ? Of(ExportFaultCode.Missing, rows, row, "position", $"the events from position {_log.Size} to {position - 1} are missing before it")
                : Of(position == _log.Size - 1 ? ExportFaultCode.Repeated : ExportFaultCode.OutOfOrder, rows, row, "position", position == _log.Size - 1 ? "it is there twice" : "it is not where the log has it");
        }

        if (rows.AtOf(row) is not { } at)
            return Of(ExportFaultCode.Altered, rows, row, "at", "it has no place in the order of the file");
        if (!long.TryParse(rows[row, (int)EventField.Sequence], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
            return Of(ExportFaultCode.Altered, rows, row, "sequence", "it has no place in the order of the file");
        var (before, place) = (_before, (at, sequence));
        _before = place;
        if (before is not { } last || place.CompareTo(last) > 0)
            return null;
        return place == last ? Of(ExportFaultCode.Repeated, rows, row, null, "it is there twice") : Disorder(piece, row);
    }

    // An event that was moved and one whose time was changed look alike until its hash is compared.
    private ExportFault Disorder(ExportPiece piece, int row) => piece.Facts(row).Changed is { } field && !piece.Rows.Digests(row).IsEmpty
        ? Of(ExportFaultCode.Altered, piece.Rows, row, field.Name(), $"{field.Name()} is not as it was sealed")
        : Of(ExportFaultCode.OutOfOrder, piece.Rows, row, null, "it is not in the order of time");

    private ExportFault? CompareOnTheWay()
    {
        // The tiles that it also makes are not needed here.
        if (_log.Size % 4096 == 0)
            _log.TakeChanged();
        if (_log.Size == _signed!.Size || book.At(_log.Size) is not { } kept)
            return null;
        _compared++;
        return kept.Root.AsSpan().SequenceEqual(_log.Root()) ? null
            : Overall(ExportFaultCode.NotInLog, $"The first {kept.Size} events are not those that the checkpoint of {kept.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} was signed over.");
    }

    private ExportFault? CheckEnd()
    {
        if (_rows != _statement!.Rows)
            return Overall(_rows < _statement.Rows ? ExportFaultCode.Missing : ExportFaultCode.Contradiction, $"The file says that it has {_statement.Rows} rows; it has {_rows}.");
        if (_statement.Code != "export.complete")
            return Overall(ExportFaultCode.Declared, $"The portal itself says that this export is not complete and in order: {_statement.Code}: {_statement.Words}");
        if (_statement.Kind != "whole")
            return null;
        if (_log.Size != _signed!.Size)
            return Overall(ExportFaultCode.Missing, $"The events from position {_log.Size} on are missing.");
        return _log.Root().AsSpan().SequenceEqual(_signed.Root) ? null
            : Overall(ExportFaultCode.NotInLog, "The events are not those that the checkpoint was signed over: some were changed together with their hashes. With more checkpoints it can be said where.");
    }

    private ExportFault Of(string code, AuditRows rows, int row, string? field, string what)
    {
        var id = Encoding.UTF8.GetString(rows[row, (int)EventField.EventId]);
        var position = rows.Position(row) < 0 ? (long?)null : rows.Position(row);
        return At(code, _rows, position, id, field, string.Create(CultureInfo.InvariantCulture, $"Row {_rows}, event {id}{(position is { } p ? $", position {p}" : "")}: {what}."));
    }

    private static ExportFault At(string code, long? row, long? position, string? id, string? field, string message) => new(code, row, position, id, field, message);

    private static ExportFault Overall(string code, string message) => new(code, null, null, null, null, message);
}
