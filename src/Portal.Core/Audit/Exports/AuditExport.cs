using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Portal.Core.Audit.Exports;

/// <summary>How an export came out.</summary>
public enum ExportOutcome
{
    /// <summary>All that was asked for is in it, and all of it is as it was sealed.</summary>
    Complete,

    /// <summary>It ends before its end: the reader's role was taken away, retention pruned some of it, or something failed.</summary>
    Incomplete,

    /// <summary>All that was asked for is in it, and some of it is not as it was sealed, or was never sealed.</summary>
    Unverified,
}

/// <summary>The state of the log that an export shows.</summary>
/// <param name="Size">How many events the log had.</param>
/// <param name="Time">When that was signed; null when nothing ever was.</param>
/// <param name="Note">The signed checkpoint; empty when nothing ever was signed.</param>
/// <param name="Root">The root that was signed; empty when none is.</param>
/// <param name="Keys">All public keys that the portal ever signed with, the latest first.</param>
public sealed record ExportPoint(long Size, DateTimeOffset? Time, string Note, byte[] Root, IReadOnlyList<string> Keys)
{
    /// <summary>What of the checkpoint's row in the database is not as the portal writes it, in English; null when all is. A file at such a state is never said to be complete.</summary>
    public string? Fault { get; init; }
}

/// <summary>How an export ended.</summary>
/// <param name="Outcome">How it came out.</param>
/// <param name="Rows">How many rows it has.</param>
/// <param name="Unproven">How many of them carry no proof, since their reader may not see all of them.</param>
/// <param name="Why">What was wrong, in English; empty when nothing was.</param>
public sealed record ExportEnd(ExportOutcome Outcome, long Rows, long Unproven, string Why)
{
    /// <summary>The code that the file closes with.</summary>
    public string Code => Outcome switch
    {
        ExportOutcome.Complete => "export.complete",
        ExportOutcome.Incomplete => "export.incomplete",
        ExportOutcome.Unverified => "export.unverified",
    };
}

/// <summary>An export that is under way: what it holds, and its rows as they are read. To be read once.</summary>
public sealed class AuditExport
{
    private readonly Func<CancellationToken, IAsyncEnumerable<AuditRows>> _pieces;
    private readonly Func<CancellationToken, Task<bool>> _mayGoOn;
    private readonly List<string> _faults = [];
    private ExceptionDispatchInfo? _broken;
    private string? _stopped;
    private DateTimeOffset? _first;

    /// <summary>An export that has not begun.</summary>
    /// <param name="filter">What was asked for.</param>
    /// <param name="point">The state of the log.</param>
    /// <param name="whole">Whether the rows are all of the log.</param>
    /// <param name="changes">Goes up when the rows of the same state become others: how many events retention has pruned, or, where nothing is signed, the number of the last event.</param>
    /// <param name="reader">Tells readers apart who see different things.</param>
    /// <param name="pieces">Reads the rows; may be called more than once.</param>
    /// <param name="mayGoOn">Asked before each piece whether its reader may still read.</param>
    public AuditExport(AuditFilter filter, ExportPoint point, bool whole, long changes, string reader, Func<CancellationToken, IAsyncEnumerable<AuditRows>> pieces, Func<CancellationToken, Task<bool>> mayGoOn)
    {
        (Filter, Point, IsWhole, _pieces, _mayGoOn) = (filter, point, whole && point.Note.Length > 0, pieces, mayGoOn);
        // All that decides the file's bytes: the rest of a download is never cut from another file. As JSON, since a value may hold whatever would stand between two of them.
        string[] decides = [reader, point.Note, Kind, changes.ToString(CultureInfo.InvariantCulture), .. point.Keys, .. FilterWords.Of(filter).Select(f => $"{f.Name}={f.Value}")];
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(decides)))[..32];
    }

    private AuditExport(AuditExport same) =>
        (Filter, Point, IsWhole, Fingerprint, PrunedThrough, _pieces, _mayGoOn) = (same.Filter, same.Point, same.IsWhole, same.Fingerprint, same.PrunedThrough, same._pieces, same._mayGoOn);

    /// <summary>What was asked for.</summary>
    public AuditFilter Filter { get; }

    /// <summary>The state of the log that it shows.</summary>
    public ExportPoint Point { get; }

    /// <summary>Whether it is all of the log up to that state: its root can be computed from the rows, so they carry no proofs of their own.</summary>
    public bool IsWhole { get; }

    /// <summary>What the file says of that: <c>whole</c>, <c>filtered</c>, or <c>unsealed</c> when there is no signed state at all.</summary>
    public string Kind => Point.Note.Length == 0 ? "unsealed" : IsWhole ? "whole" : "filtered";

    /// <summary>Tells exports apart: the same for those whose files are the same to the byte. Another one once retention has pruned something or another key signs, although filter, state and reader are the same.</summary>
    public string Fingerprint { get; }

    /// <summary>The time of the latest event that retention has pruned, where such events may have been among what was asked for; null where none was.</summary>
    public DateTimeOffset? PrunedThrough { get; init; }

    /// <summary>How many rows have been read.</summary>
    public long Rows { get; private set; }

    /// <summary>Between 0 and 1: how much of it has been read, by position, or by time where the filter leaves rows out.</summary>
    public double Share { get; private set; }

    /// <summary>Whether it came to its end, holds, and leaves out nothing of the log up to its state but what retention had pruned.</summary>
    public bool CoversAll => End is { Outcome: ExportOutcome.Complete } && Point.Note.Length > 0 && FilterWords.Of(Filter).Count == 0;

    /// <summary>How it ended; null before that.</summary>
    public ExportEnd? End { get; private set; }

    /// <summary>Told each row that is read; null for nobody.</summary>
    internal Action<AuditRows, int>? OnRow { get; set; }

    /// <summary>The rows, piece by piece. Be done with a piece before taking the next. A fault before the first piece is thrown; a later one ends the rows, so that the file can say so.</summary>
    public async IAsyncEnumerable<AuditRows> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var unproven = 0L;
        await using var pieces = _pieces(ct).GetAsyncEnumerator(ct);
        while (await NextAsync(pieces, ct))
        {
            var piece = pieces.Current;
            if ((_stopped = piece.BrokenOff) is not null)
                break;
            for (var row = 0; row < piece.Count; row++)
                if (piece.IsShown(row))
                {
                    Rows++;
                    unproven += piece.IsRedacted(row) ? 1 : 0;
                    OnRow?.Invoke(piece, row);
                }

            if (_faults.Count == 0 && piece.Fault is { } fault)
                _faults.Add(fault);
            Share = ShareOf(piece);
            yield return piece;
        }

        // What is wrong with a row says more of where to look.
        if (_faults.Count == 0 && Point.Fault is { } unreadable)
            _faults.Add(unreadable);
        Share = 1;
        End = new ExportEnd(
            _stopped is not null ? ExportOutcome.Incomplete : _faults.Count > 0 || Point.Note.Length == 0 ? ExportOutcome.Unverified : ExportOutcome.Complete,
            Rows, unproven, _stopped ?? (_faults.Count > 0 ? _faults[0] : Point.Note.Length == 0 ? "The portal has signed no state of the log yet." : ""));
    }

    /// <summary>What the file says in words, above the signed checkpoint.</summary>
    public string InWords()
    {
        var end = End ?? throw new InvalidOperationException("The export has not ended yet.");
        var filter = FilterWords.Of(Filter);
        return string.Create(CultureInfo.InvariantCulture,
            $"{end.Rows} events; {(filter.Count == 0 ? "no filter" : "filter: " + string.Join(", ", filter.Select(f => $"{f.Name} {f.Value}")))}.{(end.Unproven > 0 ? $" {end.Unproven} of them are shown without where the actor sat and carry no proof." : "")}{(PrunedThrough is { } pruned ? $" Retention has pruned events up to {pruned.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}: what they told is not in this file." : "")}{(end.Why.Length > 0 ? " " + end.Why : "")}");
    }

    /// <summary>The same export once more, to be read anew.</summary>
    public AuditExport Again() => new(this);

    /// <summary>Throws what broke the export off; nothing when it was not a fault.</summary>
    public void ThrowIfBroken() => _broken?.Throw();

    private async Task<bool> NextAsync(IAsyncEnumerator<AuditRows> pieces, CancellationToken ct)
    {
        try
        {
            if (await _mayGoOn(ct))
                return await pieces.MoveNextAsync();
            _stopped = "The reader's role was taken away while it was written.";
        }
        catch (Exception fault) when (Rows > 0 && !ct.IsCancellationRequested)
        {
            // Thrown again once the file says that it is incomplete.
            _broken = ExceptionDispatchInfo.Capture(fault);
            _stopped = "A fault broke it off.";
        }

        return false;
    }

    private double ShareOf(AuditRows piece)
    {
        if (piece.Count == 0)
            return Share;
        if (IsWhole && Point.Size > 0)
            return Math.Clamp((piece.Position(piece.Count - 1) + 1.0) / Point.Size, 0, 1);
        if (piece.LastAt() is not { } at)
            return Share;
        _first ??= Filter.From ?? at;
        var last = Filter.To is { } to && to < Point.Time ? to : Point.Time ?? at;
        return last > _first ? Math.Clamp((at - _first.Value) / (last - _first.Value), 0, 1) : 1;
    }
}
