using System.Buffers.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Core.Audit.Exports;

/// <summary>Compares each row of an export with what the log says of it, gives it its leaf hash and proof, and accuses what is not as it was sealed. For the pieces of one export, one after the other.</summary>
/// <param name="point">The state of the log.</param>
/// <param name="whole">Whether the rows are all of the log, in its order.</param>
internal sealed class PieceCheck(ExportPoint point, bool whole)
{
    private static readonly int EventId = (int)EventField.EventId;

    private readonly CanonicalEvent _canonical = new();
    private readonly LogProofs _proofs = new(point.Size, withPaths: !whole);
    private readonly TileAppender _log = new();

    /// <summary>Checks a piece.</summary>
    public async Task RunAsync(PortalDb db, AuditRows rows, CancellationToken ct)
    {
        await SortOutAsync(db, rows, ct);
        if (point.Note.Length == 0)
            return;
        await _proofs.LoadAsync(db, [.. Enumerable.Range(0, rows.Count).Where(row => rows.IsShown(row) && rows.Position(row) >= 0).Select(rows.Position)], ct);
        for (var row = 0; row < rows.Count; row++)
            if (rows.IsShown(row))
                Check(rows, row);
        _log.TakeChanged();
    }

    /// <summary>What the whole is accused of once all its rows were checked; null when it is as it was signed.</summary>
    public string? FaultAtEnd() =>
        _log.Size != point.Size ? $"The log has lost its events from position {_log.Size} on."
        : !_log.Root().AsSpan().SequenceEqual(point.Root) ? "The log's hashes are not those that were signed."
        : null;

    private void Check(AuditRows rows, int row)
    {
        var position = rows.Position(row);
        if (position < 0)
        {
            rows.Accuse($"Event {IdOf(rows, row)} was never sealed.");
            return;
        }

        var leaf = _proofs.Leaf(position);
        if (leaf.IsEmpty)
        {
            rows.Accuse($"The log has lost the hash at position {position}.");
            return;
        }

        var path = whole ? null : _proofs.Path(position);
        rows.Prove(row, leaf, path);
        Span<byte> hash = stackalloc byte[MerkleTree.HashSize];
        rows.Give(row, _canonical, shown: false);
        _canonical.WriteLeafHash(hash);
        if (rows[row, EventId].IsEmpty)
            rows.Accuse($"The event at position {position} is gone.");
        else if (!hash.SequenceEqual(leaf))
            rows.Accuse($"The event at position {position} is not as it was sealed{(_canonical.FirstChanged(rows.Digests(row)) is { } field ? $": {field.Name()}" : "")}.");
        // Whether each digest is right would take as long as all the rest of an export: verify says it, of the database and of the file.
        else if (rows.Digests(row).Length is var length && (length % CanonicalEvent.DigestSize != 0 || length > CanonicalEvent.MostDigests))
            rows.Accuse($"The field digests of the event at position {position} were changed; the event was not.");
        else if (!whole && (path is null || !MerkleTree.Includes(leaf, position, point.Size, path, point.Root)))
            rows.Accuse($"The log's hashes do not lead from position {position} to what was signed.");

        if (!whole)
            return;
        if (position != _log.Size)
            rows.Accuse($"The log has lost its events from position {_log.Size} to {position - 1}.");
        _log.Append(leaf);
    }

    // An event without a place may only wait for it. Whoever has neither, nobody sealed.
    private async Task SortOutAsync(PortalDb db, AuditRows rows, CancellationToken ct)
    {
        Dictionary<Guid, int>? waiting = null;
        for (var row = 0; row < rows.Count; row++)
            if (rows.Position(row) >= point.Size && point.Note.Length > 0)
                rows.LeaveOut(row);
            else if (rows.Position(row) < 0 && Utf8Parser.TryParse(rows[row, EventId], out Guid id, out _))
                (waiting ??= [])[id] = row;
        // Where nothing was ever signed, all of them wait, and are shown as what they are.
        if (waiting is null || point.Note.Length == 0)
            return;
        var ids = waiting.Keys.ToList();
        // Sealed since they were read: then they come after this state of the log. Nobody waits who has a place, least of all one before the first.
        var pending = await db.PendingSeals.Where(p => ids.Contains(p.EventId) && !db.AuditLeaves.Any(l => l.EventId == p.EventId)).Select(p => p.EventId).ToListAsync(ct);
        var sealedSince = await db.AuditLeaves.Where(l => ids.Contains(l.EventId) && l.Position >= point.Size).Select(l => l.EventId).ToListAsync(ct);
        foreach (var id in pending.Concat(sealedSince))
            rows.LeaveOut(waiting[id]);
    }

    private static string IdOf(AuditRows rows, int row) => System.Text.Encoding.UTF8.GetString(rows[row, EventId]);
}
