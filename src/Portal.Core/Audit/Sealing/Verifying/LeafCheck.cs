using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>Compares events with the hashes that were sealed, place by place, and builds the tree from them.</summary>
/// <param name="db">The database.</param>
/// <param name="from">The first place.</param>
/// <param name="findings">Receives what is not as it was.</param>
internal sealed class LeafCheck(PortalDb db, long from, Findings findings)
{
    private static readonly byte[] PruningCode = Encoding.UTF8.GetBytes(AuditCode.EventsPruned.Value);
    private static readonly byte[] ByThePortal = Encoding.UTF8.GetBytes(nameof(ActorKind.System));

    private readonly byte[] _hash = new byte[MerkleTree.HashSize];

    // Whether retention took what is gone, only later records say: places, and how many findings there were before.
    private readonly List<(long First, long Last, int Before)> _gone = [];
    private readonly List<(long First, long Last)> _named = [];
    private long? _gap;

    /// <summary>The first place that was not compared yet.</summary>
    public long Next { get; private set; } = from;

    /// <summary>Whether something is found that makes every later root another one.</summary>
    public bool Broken { get; set; }

    /// <summary>Whether so much is gone that there is no tree to go on with.</summary>
    public bool HasLostTheTree { get; private set; }

    /// <summary>How many events retention has pruned; known once <see cref="NameGoneAsync"/> is done.</summary>
    public long Pruned { get; private set; }

    /// <summary>Whether the records so far that are as they were sealed name every event that is gone.</summary>
    public bool KnowsAllThatIsGone()
    {
        var pruned = PrunedPositions.Of(_named);
        return !_gone.SelectMany(g => pruned.Without(g.First, g.Last)).Any();
    }

    /// <summary>Compares the leaves of a range with their events and their sealed hashes.</summary>
    public void Run(TileAppender log, StoredPiece piece, Action compare)
    {
        SkipTo(piece.From);
        for (var row = 0; row < piece.Rows.Count; row++)
        {
            var position = piece.Rows.Position(row);
            if (position < Next)
            {
                findings.Add($"There is more than one event with the id {IdOf(piece, row)}, at position {position}.", position, IdOf(piece, row));
                continue;
            }

            GoWithoutPlaces(position);
            CloseGap();
            if (piece.HasEvent(row))
                Leaf(piece, row);
            else
                Gone(piece, row);
            GoOn(_hash);
        }

        GoWithoutPlaces(piece.To);

        void GoWithoutPlaces(long to)
        {
            if (Next < to)
                _gap ??= Next;
            while (Next < to)
            {
                var hash = piece.Sealed(Next);
                Broken |= hash.IsEmpty;
                GoOn(hash.IsEmpty ? new byte[MerkleTree.HashSize] : hash);
            }
        }

        void GoOn(ReadOnlySpan<byte> hash)
        {
            Next++;
            if (HasLostTheTree)
                return;
            log.Append(hash);
            compare();
        }
    }

    /// <summary>Nothing more is there up to this place.</summary>
    public void End(long to)
    {
        SkipTo(to);
        CloseGap();
    }

    /// <summary>Names what is gone and was not taken by retention. A record of it counts when it was compared with its own hash on the way, and only for what was sealed before it.</summary>
    /// <param name="waiting">What records name that are not sealed yet.</param>
    /// <param name="ct">Cancels.</param>
    public async Task NameGoneAsync(PrunedPositions waiting, CancellationToken ct)
    {
        var pruned = PrunedPositions.Of(_named);
        var (told, isFull) = (0, false);
        foreach (var (first, last, before) in _gone)
        {
            var taken = 0L;
            foreach (var position in pruned.Without(first, last))
            {
                taken++;
                if (isFull)
                    continue;
                var id = await NamedAtAsync(position, ct);
                var why = waiting.Contains(position) ? "a record of retention that is not sealed yet names it. Verify again once it is; until then it proves nothing." : "it was taken away.";
                isFull = !findings.Insert(before + told++, new VerifyFinding($"The event {id} at position {position} is not in the database: {why}", position, id));
            }

            Pruned += last - first + 1 - taken;
        }
    }

    private void SkipTo(long position)
    {
        if (Next >= position)
            return;
        _gap ??= Next;
        (Next, Broken, HasLostTheTree) = (position, true, true);
    }

    private void CloseGap()
    {
        if (_gap is not { } first)
            return;
        findings.Add(first == Next - 1 ? $"The log has no event at position {first}: its place was taken away." : $"The log has no events from position {first} to {Next - 1}: their places were taken away.", first);
        _gap = null;
    }

    // Leaves the hash with which the tree goes on: what was sealed, as far as that can still be told, so that one change is one finding.
    private void Gone(StoredPiece piece, int row)
    {
        var position = piece.Rows.Position(row);
        if (piece.Sealed(position).IsEmpty)
        {
            findings.Add($"The event at position {position} is not in the database, and its sealed hash is missing.", position);
            Broken = true;
            return;
        }

        Go(piece.Sealed(position));
        var before = findings.All.Count;
        if (_gone is [.., var (first, last, then)] && last == position - 1 && then == before)
            _gone[^1] = (first, position, then);
        else
            _gone.Add((position, position, before));
    }

    private void Leaf(StoredPiece piece, int row)
    {
        var (position, changed) = (piece.Rows.Position(row), piece.Changed(row));
        var wasSealed = piece.Sealed(position);
        piece.Hash(row).CopyTo(_hash);
        if (wasSealed.SequenceEqual(_hash))
        {
            if (changed is not null || piece.Rows.Digests(row).Length is var length && (length % CanonicalEvent.DigestSize != 0 || length > CanonicalEvent.MostDigests))
                findings.Add($"The field digests of the event {IdOf(piece, row)} at position {position} were changed; the event was not.", position, IdOf(piece, row));
            if (piece.Rows[row, (int)EventField.Code].SequenceEqual(PruningCode) && piece.Rows[row, (int)EventField.ActorKind].SequenceEqual(ByThePortal))
                _named.AddRange(PrunedPositions.NamedBy(Encoding.UTF8.GetString(piece.Rows[row, (int)EventField.Comment]), position));
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
        command.CommandText = "SELECT lower(CAST(\"EventId\" AS text)) FROM \"AuditLeaves\" WHERE \"Position\" = @position";
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("@position", position);
        command.Parameters.Add(parameter);
        return await command.ExecuteScalarAsync(ct) as string ?? "";
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
