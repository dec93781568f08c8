using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants.Claims;

namespace Portal.Core.Grants;

/// <summary>Where the turns of <see cref="DriveAssignment"/> read and save. What is ready at one moment goes into one transaction: a storm of grants waits for the disk once for many rows, not twice for each.</summary>
/// <remarks>
/// Each turn sees its own trio and changes it only under the number that claimed the row. What cannot be
/// saved together is halved, read anew and tried again until what fails is alone: it takes no other down. What got no answer
/// in time (<see cref="DatabaseInTime"/>) is parted too, and tried again by new connections beside what is new, for as long as its turn waits: no turn waits for what another one's has died of, or hangs in. One per process.
/// </remarks>
public sealed class SharedSaves(IDbContextFactory<PortalDb> databases, DatabaseInTime database, ClockWatch clock)
{
    // Enough to make the wait for the disk small beside the work itself; few enough that whoever comes next is soon served.
    private const int MostAtOnce = 128;

    // So many parts of what hung are tried again beside each other: whatever hung only because of another in its part is soon told from it.
    private const int MostBeside = 4;

    private readonly Lock _lock = new();
    private readonly Queue<SavePiece> _waiting = new();
    private readonly Queue<IReadOnlyList<SavePiece>> _hung = new();
    private bool _saving;
    private int _beside;

    /// <summary>Has a piece of work done on a claimed row's trio, and saved. It is done again from a fresh read when it could not be saved, so it must do nothing else.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="known">The trio as it was when this turn last saved, which spares reading it: whatever happens to a trio steps its row's revision, so that a save that rests on an older one does not go through and is done again from what is there. Null to read it.</param>
    /// <param name="work">The work.</param>
    /// <param name="ct">Cancels the wait.</param>
    /// <returns>What the work returned, once it is saved.</returns>
    internal Task<T> RunAsync<T>(AssignmentClaim claim, Trio? known, Func<TrioAtWork, Task<T>> work, CancellationToken ct)
    {
        var piece = new SavePiece<T>(claim, known, work, ct);
        lock (_lock)
        {
            _waiting.Enqueue(piece);
            if (!_saving)
            {
                _saving = true;
                // It serves others too: nothing of whoever came first goes along.
                using (ExecutionContext.SuppressFlow())
                    _ = Task.Run(SaveAllAsync, CancellationToken.None);
            }
        }

        return piece.Saved.WaitAsync(ct);
    }

    private async Task SaveAllAsync()
    {
        while (Next() is { Count: > 0 } pieces)
            await SaveAsync(pieces);
    }

    private List<SavePiece> Next()
    {
        var next = new List<SavePiece>();
        lock (_lock)
        {
            while (next.Count < MostAtOnce && _waiting.TryDequeue(out var piece))
                if (!piece.Left.IsCancellationRequested)
                    next.Add(piece);
            _saving = next.Count > 0;
        }

        return next;
    }

    /// <summary>It got no answer: it goes behind what hung before it, in parts, and each by itself the second time; and what is new does not wait for it.</summary>
    private void TryAgain(IReadOnlyList<SavePiece> hung)
    {
        var most = hung[0].HasHung ? 1 : (hung.Count + MostBeside - 1) / MostBeside;
        lock (_lock)
        {
            foreach (var part in hung.Chunk(most))
            {
                foreach (var piece in part)
                    piece.HasHung = true;
                _hung.Enqueue(part);
                if (_beside == MostBeside)
                    continue;
                _beside++;
                _ = Task.Run(SaveHungAsync, CancellationToken.None);
            }
        }
    }

    private async Task SaveHungAsync()
    {
        while (NextHung() is { } part)
            await SaveAsync(part);
    }

    private List<SavePiece>? NextHung()
    {
        lock (_lock)
        {
            while (_hung.TryDequeue(out var hung))
                if (hung.Where(p => !p.Left.IsCancellationRequested).ToList() is { Count: > 0 } part)
                    return part;
            _beside--;
            return null;
        }
    }

    /// <summary>Never throws: each piece hears what became of it, or is tried again.</summary>
    private async Task SaveAsync(IReadOnlyList<SavePiece> pieces)
    {
        // Not disposed of: whoever leaves may be about to cancel it, and it holds nothing.
        var nobodyWaits = new CancellationTokenSource();
        var allLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = pieces.Count;
        var watches = pieces.Select(p => p.Left.Register(() =>
        {
            if (Interlocked.Decrement(ref waiting) > 0)
                return;
            // What the database's client does about it may hang in its turn, and is waited for by nobody.
            _ = nobodyWaits.CancelAsync();
            allLeft.SetResult();
        })).ToList();
        var parts = new Stack<IReadOnlyList<SavePiece>>([pieces]);
        var failedAlone = 0;
        while (parts.TryPop(out var part))
        {
            try
            {
                foreach (var succeed in await RunAsync(part, allLeft.Task, nobodyWaits.Token))
                    succeed();
                failedAlone = 0;
            }
            catch (NoAnswerException) when (!nobodyWaits.IsCancellationRequested)
            {
                TryAgain(part);
            }
            // Most likely it is its connection that has died. Whoever brought it would wait for the end of a lease that is still renewed.
            catch (DbException) when (part.Count == 1 && failedAlone < 2 && !nobodyWaits.IsCancellationRequested && database.MayDie && !part[0].IsTriedAgain)
            {
                part[0].IsTriedAgain = true;
                parts.Push(part);
            }
            // Two in a row that failed alone: it is not they, it is the database, and it need not be asked for each of the others.
            catch (Exception fault) when (part.Count == 1 || failedAlone >= 2 || nobodyWaits.IsCancellationRequested)
            {
                failedAlone++;
                foreach (var piece in part)
                    piece.Fail(fault);
            }
            catch (Exception)
            {
                parts.Push([.. part.Skip(part.Count / 2)]);
                parts.Push([.. part.Take(part.Count / 2)]);
            }
        }

        // Not waited for either: one may be under way.
        foreach (var watch in watches)
            watch.Unregister();
    }

    /// <summary>Saves a part.</summary>
    /// <returns>What tells each piece so.</returns>
    private async Task<IReadOnlyList<Action>> RunAsync(IReadOnlyList<SavePiece> part, Task allLeft, CancellationToken ct)
    {
        var run = database.SaveAsync(
            // Alone, whoever clashed with somebody else's save may try several times.
            inTime => part.Count == 1 ? databases.RunAsync(db => ApplyAsync(db, part, inTime), inTime) : TryAsync(part, inTime), ct);
        // It may still go through, as may one that got no answer.
        if (database.MayDie && await Task.WhenAny(run, allLeft) != run)
            throw new OperationCanceledException(ct);
        return await run;
    }

    private async Task<IReadOnlyList<Action>> TryAsync(IReadOnlyList<SavePiece> pieces, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await ApplyAsync(db, pieces, ct);
    }

    private async Task<IReadOnlyList<Action>> ApplyAsync(PortalDb db, IReadOnlyList<SavePiece> pieces, CancellationToken ct)
    {
        var now = clock.Now();
        var trios = await Trio.LoadAsync(db, [.. pieces.Select(p => (p.Claim, p.TakeKnown()))], now, ct);
        var succeed = new List<Action>(pieces.Count);
        foreach (var piece in pieces)
        {
            // Given up while it read: by now the same piece may be at work in another unit of work.
            ct.ThrowIfCancellationRequested();
            var trio = trios.GetValueOrDefault(piece.Claim.AssignmentId);
            succeed.Add(piece.AsSavedBefore(trio?.Assignment) ?? await piece.ApplyAsync(new TrioAtWork(db, now, trio?.Assignment, trio?.IsHeldBy(piece.Claim) == true ? trio : null, ct)));
        }

        ct.ThrowIfCancellationRequested();
        await db.SaveChangesAsync(ct);
        return succeed;
    }
}

/// <summary>A claimed row's trio in the unit of work that it is saved with.</summary>
/// <param name="Db">The unit of work. Others' trios are in it too: whoever works here does not save.</param>
/// <param name="Now">The instant.</param>
/// <param name="Row">The row, whoever holds it; null when there is none.</param>
/// <param name="Trio">The row with its grants; null when the claim is lost.</param>
/// <param name="Ct">Cancels.</param>
internal sealed record TrioAtWork(PortalDb Db, DateTimeOffset Now, DesiredAssignment? Row, Trio? Trio, CancellationToken Ct);
