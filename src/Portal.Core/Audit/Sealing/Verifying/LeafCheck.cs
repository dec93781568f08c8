using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>Compares events with the hashes that were sealed, place by place, and builds the tree from them.</summary>
/// <param name="db">The database.</param>
/// <param name="pruned">What retention has pruned, as the log itself said when this began.</param>
/// <param name="findings">Receives what is not as it was.</param>
internal sealed class LeafCheck(PortalDb db, PrunedPositions pruned, Findings findings)
{
    private PrunedPositions _pruned = pruned;
    private readonly byte[] _hash = new byte[MerkleTree.HashSize];

    /// <summary>Whether something is found that makes every later root another one.</summary>
    public bool Broken { get; set; }

    /// <summary>How many events retention has pruned.</summary>
    public long Pruned { get; private set; }

    /// <summary>Compares the leaves of a range with their events and their sealed hashes.</summary>
    public async Task RunAsync(TileAppender log, StoredPiece piece, Action compare, CancellationToken ct)
    {
        var next = piece.From;
        for (var row = 0; row < piece.Rows.Count; row++)
        {
            var position = piece.Rows.Position(row);
            if (position < next)
            {
                findings.Add($"There is more than one event with the id {IdOf(piece, row)}, at position {position}.", position, IdOf(piece, row));
                continue;
            }

            for (; next < position; next++)
                Missing(next);
            if (piece.HasEvent(row))
                Leaf(piece, row);
            else
                await GoneAsync(piece, position, ct);
            log.Append(_hash);
            next++;
            compare();
        }

        for (; next < piece.To; next++)
            Missing(next);

        void Missing(long position)
        {
            findings.Add($"The log has no event at position {position}: its place was taken away.", position);
            var hash = piece.Sealed(position);
            Broken |= hash.IsEmpty;
            log.Append(hash.IsEmpty ? new byte[MerkleTree.HashSize] : hash);
            compare();
        }
    }

    // Each leaves the hash with which the tree goes on: what was sealed, as far as that can still be told, so that one change is one finding.
    private async Task GoneAsync(StoredPiece piece, long position, CancellationToken ct)
    {
        // Retention goes on beside this: what it took meanwhile is in a record of meanwhile.
        if (!_pruned.Contains(position) && !findings.AreFull)
            _pruned = await PrunedPositions.ReadAsync(db, ct);
        // A sealed record of the portal's says that retention took it; its hash is what is left to compare.
        if (_pruned.Contains(position) && !piece.Sealed(position).IsEmpty)
            Pruned++;
        else
        {
            var id = !findings.AreFull ? await NamedAtAsync(position, ct) : "";
            var why = !findings.AreFull && (await PrunedPositions.ReadWaitingAsync(db, ct)).Contains(position)
                ? "a record of retention that is not sealed yet names it. Verify again once it is; until then it proves nothing."
                : "it was taken away.";
            findings.Add($"The event {id} at position {position} is not in the database: {why}", position, id);
            Broken |= piece.Sealed(position).IsEmpty;
        }

        Go(piece.Sealed(position));
    }

    private void Leaf(StoredPiece piece, int row)
    {
        var (position, changed) = (piece.Rows.Position(row), piece.Changed(row));
        var wasSealed = piece.Sealed(position);
        piece.Hash(row).CopyTo(_hash);
        if (wasSealed.SequenceEqual(_hash))
        {
            if (changed is not null || piece.Rows.Digests(row).Length % CanonicalEvent.DigestSize != 0)
                findings.Add($"The field digests of the event {IdOf(piece, row)} at position {position} were changed; the event was not.", position, IdOf(piece, row));
            return;
        }

        if (changed is { } field)
        {
            findings.Add($"The event {IdOf(piece, row)} at position {position} was changed after it was sealed: {field.Name()} is now {Shown(Encoding.UTF8.GetString(piece.Rows[row, (int)field]))}.", position, IdOf(piece, row), field.Name());
            Broken |= wasSealed.IsEmpty;
            Go(wasSealed);
        }
        else
            findings.Add(wasSealed.IsEmpty ? $"The sealed hash of the event {IdOf(piece, row)} at position {position} is missing." : $"The event {IdOf(piece, row)} at position {position} is not the one whose hash was sealed: the hash was changed, or the event and its field digests were.", position, IdOf(piece, row));
    }

    private static string IdOf(StoredPiece piece, int row) => Encoding.UTF8.GetString(piece.Rows[row, (int)EventField.EventId]);

    // The event that a place names, as it stands there.
    private async Task<string> NamedAtAsync(long position, CancellationToken ct)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = "SELECT \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" = @position";
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("@position", position);
        command.Parameters.Add(parameter);
        return Convert.ToString(await command.ExecuteScalarAsync(ct), CultureInfo.InvariantCulture)!.ToLowerInvariant();
    }

    private void Go(ReadOnlySpan<byte> hash)
    {
        if (!hash.IsEmpty)
            hash.CopyTo(_hash);
    }

    // Text of a tampered row may hold anything.
    private static string Shown(string text)
    {
        if (text.StartsWith((char)AuditRows.ForeignMark))
            return $"{Shown(text[1..])}, in a form in which the portal writes nothing";
        var plain = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length == 0 ? "empty" : $"'{(plain.Length > 80 ? plain[..80] + "…" : plain)}'";
    }
}
