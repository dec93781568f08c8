using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Exports;

/// <summary>Reads an export piece by piece: one long read would hold a snapshot of the database for as long as a slow reader takes. While one piece is written, the next is read and checked.</summary>
/// <param name="databases">The database.</param>
/// <param name="trail">Its own way of reading.</param>
/// <param name="actor">Who reads.</param>
/// <param name="filter">What they asked for.</param>
/// <param name="point">Up to which state of the log.</param>
/// <param name="last">The highest sequence number of that time.</param>
/// <param name="pruned">How many events retention had pruned by then.</param>
/// <param name="whole">Whether all of the log is there to be read, and asked for.</param>
/// <param name="seal">Has what waits sealed, in so far as that can be done.</param>
internal sealed class ExportReader(IDbContextFactory<PortalDb> databases, IAuditReading trail, Actor actor, AuditFilter filter, ExportPoint point, long last, long pruned, bool whole, Func<CancellationToken, Task> seal)
{
    private const string PrunedMeanwhile = "Retention pruned events while it was written. Export again: what is left will be in the file.";
    private const string NotSealedYet = "A record of retention that is not sealed yet names events that are gone: until it is, it proves nothing. Export again once it is.";

    // One is written by whoever enumerates; of the rest, some are read and one is checked.
    private const int Pieces = 4;

    // After the first, for which somebody waits. What a piece costs besides its rows then counts half.
    private const int Range = 2 * AuditRows.Most;

    /// <summary>Reads it.</summary>
    public IAsyncEnumerable<AuditRows> ReadAsync(CancellationToken ct) =>
        point.Note.Length == 0 || !AuditQuery.IsWhole(actor, filter) ? ReadFilteredAsync(ct) : whole ? ReadWholeAsync(ct) : ReadWhatIsLeftAsync(ct);

    private async IAsyncEnumerable<AuditRows> ReadFilteredAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var check = new PieceCheck(point, whole: false);
        await foreach (var piece in InPiecesAsync<TrailPlace>(
            (db, after) => AuditQuery.WithPlaces(db, AuditQuery.Earliest(db, actor, filter, after, last, AuditRows.Most)), piece => piece.Last(), check, ct))
            yield return piece;
        if (await IsPrunedAsync(filter.From, ct))
            yield return BrokenOff();
    }

    // Of a log that retention has pruned: every event that is left, and no place that something else emptied.
    private async IAsyncEnumerable<AuditRows> ReadWhatIsLeftAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var piece in ReadFilteredAsync(ct))
            yield return piece;
        yield return await AccountForEmptiedAsync(ct);
    }

    // Retention goes on beside this, and what it took last is in a record that waits to be sealed for some seconds.
    private async Task<AuditRows> AccountForEmptiedAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var rest = new AuditRows();
        // Retention leaves every place: one that is gone was taken, and its event with it as likely as not.
        if (await TakenPlaceAsync(db, ct) is { } taken)
        {
            rest.Accuse($"The log has no event at position {taken}: its place was taken away.");
            return rest;
        }

        var emptied = await EmptiedAsync(db, await PrunedPositions.ReadAsync(db, ct), ct);
        if (emptied.Count == 0)
            return rest;
        // After what is gone, since the record comes with the deletion; and the notes first: what waits no more by then has its place in what is read next.
        var waiting = await PrunedPositions.ReadWaitingAsync(db, ct);
        var unnamed = (await PrunedPositions.ReadAsync(db, ct)).Without(emptied);
        if (waiting.Without(unnamed) is [var (position, _), ..])
            rest.Accuse($"The event at position {position} is gone, and retention did not prune it.");
        else if (unnamed.Count > 0)
        {
            await seal(ct);
            if ((await PrunedPositions.ReadAsync(db, ct)).Without(unnamed).Count > 0)
                rest.BreakOff(NotSealedYet);
        }

        return rest;
    }

    // The first place that is not there; null when all are. Counting is far cheaper than looking for a gap.
    private async Task<long?> TakenPlaceAsync(PortalDb db, CancellationToken ct)
    {
        var places = db.AuditLeaves.Where(l => l.Position >= 0 && l.Position < point.Size);
        if (await places.LongCountAsync(ct) == point.Size)
            return null;
        return await places.AnyAsync(l => l.Position == 0, ct)
            ? await places.Where(l => !db.AuditLeaves.Any(next => next.Position == l.Position + 1)).MinAsync(l => l.Position, ct) + 1
            : 0;
    }

    private async Task<IReadOnlyList<(long First, long Last)>> EmptiedAsync(PortalDb db, PrunedPositions named, CancellationToken ct)
    {
        var emptied = new List<(long First, long Last)>();
        var empty = db.AuditLeaves.AsNoTracking().Where(l => l.Position < point.Size && !db.AuditEvents.Any(e => e.EventId == l.EventId)).OrderBy(l => l.Position).Select(l => l.Position);
        await foreach (var position in empty.AsAsyncEnumerable().WithCancellation(ct))
            if (!named.Contains(position))
                if (emptied is [.., var (first, end)] && end == position - 1)
                    emptied[^1] = (first, position);
                else
                    emptied.Add((position, position));
        return emptied;
    }

    private async IAsyncEnumerable<AuditRows> ReadWholeAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var check = new PieceCheck(point, whole: true);
        var sound = true;
        await foreach (var piece in InRangesAsync(check, ct))
        {
            // What is gone, retention may have pruned since this began: then nobody forged anything, and the file is one that cannot be made any more.
            if (piece.Fault is not null && await IsPrunedAsync(null, ct))
            {
                yield return BrokenOff();
                yield break;
            }

            sound &= piece.Fault is null;
            yield return piece;
        }

        var rest = new AuditRows();
        if (check.FaultAtEnd() is { } fault)
            rest.Accuse(fault);
        yield return rest;
        if (!sound || await HasStrangersAsync(ct))
            await foreach (var piece in InPiecesAsync<long?>((db, after) => AuditQuery.Strangers(db, after ?? 0, last, AuditRows.Most), piece => piece.Last().Sequence, new PieceCheck(point, whole: false), ct))
                yield return piece;
    }

    // Since this began, and of what it is about.
    private async Task<bool> IsPrunedAsync(DateTimeOffset? from, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.RetentionStates.AnyAsync(s => s.Pruned > pruned && (from == null || s.PrunedThrough >= from), ct);
    }

    private static AuditRows BrokenOff()
    {
        var end = new AuditRows();
        end.BreakOff(PrunedMeanwhile);
        return end;
    }

    // Counting is far cheaper than looking each event up. In one statement, so that all of it is of one moment. Of notes only those that an event waits with: others would make up for an event that nobody sealed, as would a place before the first.
    private async Task<bool> HasStrangersAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var waiting = db.PendingSeals.Where(p => db.AuditEvents.Any(e => e.EventId == p.EventId) && !db.AuditLeaves.Any(l => l.EventId == p.EventId)).Select(p => p.EventId).Distinct();
        var counts = await db.AuditSealers.Where(s => s.Id == AuditSealer.TheOne).Select(_ => new { Events = db.AuditEvents.LongCount(), Placed = db.AuditLeaves.LongCount() - db.AuditLeaves.LongCount(l => l.Position < 0) + waiting.LongCount() }).SingleAsync(ct);
        return counts.Events != counts.Placed;
    }

    // Positions have no gaps, so that nobody has to wait for one piece to know where the next begins: several are read at once, and what the database does is no pause for what is done with it.
    private async IAsyncEnumerable<AuditRows> InRangesAsync(PieceCheck check, [EnumeratorCancellation] CancellationToken ct)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var pieces = new AuditRows[Pieces];
        var underWay = new Queue<(Task<AuditRows> Checked, long To)>();
        var checking = Task.CompletedTask;
        try
        {
            for (var (next, i) = (0L, 0); next < point.Size || underWay.Count > 0;)
            {
                while (next < point.Size && underWay.Count < Pieces)
                {
                    var (rows, from, to) = (pieces[i % pieces.Length] ??= new AuditRows(), next, Math.Min(next + (next == 0 ? AuditRows.Most : Range), point.Size));
                    var read = CheckAsync(checking, ReadAsync(rows, db => AuditQuery.InLog(db, from, to, Range), left.Token), check, rows, left.Token);
                    underWay.Enqueue((read, to));
                    checking = read;
                    (next, i) = (to, i + 1);
                }

                var (piece, end) = underWay.Dequeue();
                if ((await piece).Count > 0)
                    yield return await piece;
                // Unless somebody took places away, as many as they liked.
                else if (next < point.Size)
                    next = Math.Max(next, await FirstPlaceAsync(end, left.Token));
            }
        }
        finally
        {
            // Whoever stopped reading has been told why; what was under way only has to be over.
            await left.CancelAsync();
            await ((Task)Task.WhenAll(underWay.Select(piece => piece.Checked))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<long> FirstPlaceAsync(long from, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.AuditLeaves.Where(l => l.Position >= from && l.Position < point.Size).MinAsync(l => (long?)l.Position, ct) ?? point.Size;
    }

    // Three pieces are under way: one is written by whoever enumerates, one is checked, one is read.
    private async IAsyncEnumerable<AuditRows> InPiecesAsync<TPlace>(Func<PortalDb, TPlace?, IQueryable> query, Func<AuditRows, TPlace> lastOf, PieceCheck check, [EnumeratorCancellation] CancellationToken ct)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(ct);
        AuditRows[] pieces = [new(), new(), new()];
        var reading = ReadAsync(pieces[0], db => query(db, default), left.Token);
        var checking = Task.CompletedTask;
        try
        {
            for (var i = 0; ; i++)
            {
                await reading;
                var piece = pieces[i % 3];
                var more = piece.Count >= AuditRows.Most;
                var before = checking;
                if (more)
                {
                    var last = lastOf(piece);
                    reading = ReadAsync(pieces[(i + 1) % 3], db => query(db, last), left.Token);
                }

                checking = CheckAsync(before, Task.CompletedTask, check, piece, left.Token);
                await before;
                if (i > 0)
                    yield return pieces[(i - 1) % 3];
                if (more)
                    continue;
                await checking;
                if (piece.Count > 0)
                    yield return piece;
                yield break;
            }
        }
        finally
        {
            // Whoever stopped reading has been told why; what was under way only has to be over.
            await left.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await checking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // SQLite reads on the thread that asks.
    private Task ReadAsync(AuditRows into, Func<PortalDb, IQueryable> query, CancellationToken ct) => Task.Run(async () =>
    {
        into.Clear();
        await using var db = await databases.CreateDbContextAsync(ct);
        await trail.ReadAsync(db, query(db), into, ct);
        into.ShowTo(actor);
    }, ct);

    // Begins in any case, so that what it waits for is over when it is.
    private Task<AuditRows> CheckAsync(Task before, Task reading, PieceCheck check, AuditRows rows, CancellationToken ct) => Task.Run(async () =>
    {
        await Task.WhenAll(reading, before);
        await using var db = await databases.CreateDbContextAsync(ct);
        await check.RunAsync(db, rows, ct);
        return rows;
    }, CancellationToken.None);
}
