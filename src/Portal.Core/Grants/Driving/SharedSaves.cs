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
    private readonly Queue<Piece> _waiting = new();
    private readonly Queue<IReadOnlyList<Piece>> _hung = new();
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
        var piece = new Piece<T>(claim, known, work, ct);
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

    private List<Piece> Next()
    {
        var next = new List<Piece>();
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
    private void TryAgain(IReadOnlyList<Piece> hung)
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

    private List<Piece>? NextHung()
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
    private async Task SaveAsync(IReadOnlyList<Piece> pieces)
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
        var parts = new Stack<IReadOnlyList<Piece>>([pieces]);
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
    private async Task<IReadOnlyList<Action>> RunAsync(IReadOnlyList<Piece> part, Task allLeft, CancellationToken ct)
    {
        var run = database.SaveAsync(
            // Alone, whoever clashed with somebody else's save may try several times.
            inTime => part.Count == 1 ? databases.RunAsync(db => ApplyAsync(db, part, inTime), inTime) : TryAsync(part, inTime), ct);
        // It may still go through, as may one that got no answer.
        if (database.MayDie && await Task.WhenAny(run, allLeft) != run)
            throw new OperationCanceledException(ct);
        return await run;
    }

    private async Task<IReadOnlyList<Action>> TryAsync(IReadOnlyList<Piece> pieces, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await ApplyAsync(db, pieces, ct);
    }

    private async Task<IReadOnlyList<Action>> ApplyAsync(PortalDb db, IReadOnlyList<Piece> pieces, CancellationToken ct)
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

    /// <summary>How a run of a piece would leave its row. The announcement and its instant, the release and the instant of a doubt are each written by one save under one number and by no other; the revision alone anybody may step.</summary>
    private readonly record struct RowState(int Revision, long Fence, AssignmentIntent Intent, DateTimeOffset? IntentAt, DateTimeOffset? LostCallAt, AssignmentObservation Observed, bool IsLeased)
    {
        public static RowState Of(DesiredAssignment row) => new(row.Revision, row.Fence, row.Intent, row.IntentAt, row.LostCallAt, row.Observed, row.LeaseUntil is not null);
    }

    private abstract class Piece(AssignmentClaim claim, Trio? known, CancellationToken left)
    {
        private readonly Lock _lock = new();
        private readonly List<(RowState Left, Action Succeed)> _runs = [];
        private Trio? _known = known;

        public AssignmentClaim Claim => claim;

        /// <summary>Cancelled when whoever brought it does not wait for it any more.</summary>
        public CancellationToken Left => left;

        /// <summary>The trio as it is known without a read, once: the work changes it.</summary>
        public Trio? TakeKnown() => Interlocked.Exchange(ref _known, null);

        /// <summary>Whether a part that it was in got no answer.</summary>
        public bool HasHung { get; set; }

        /// <summary>Whether it was alone, its connection broke, and it got a second try.</summary>
        public bool IsTriedAgain { get; set; }

        /// <summary>Whether an earlier run that got no answer went through after all: its row stands as that run left it. To do it again would take a call that was announced a moment ago, and not made, for one that may arrive late, and an outcome for that of a claim that is over.</summary>
        /// <remarks>What can be read need not last: a commit that is cancelled while it waits for a replica ends as if it had gone through, and a failover takes it away. So whoever finds it has a commit of their own come after it, and waits for the answer to that one. A run that has not gone through when this one reads, and does later, finds another revision; or this one does, and is done again from what is there. What somebody has changed since is run again on top of it: what it then says is true too, only more cautious.</remarks>
        /// <returns>What tells the piece of that run's result; null when none did.</returns>
        public Action? AsSavedBefore(DesiredAssignment? row)
        {
            lock (_lock)
            {
                if (row is null || _runs.Count == 0 || _runs.Find(run => run.Left == RowState.Of(row)).Succeed is not { } succeed)
                    return null;
                row.Confirm();
                // This commit may get no answer either, and is found by the next run then.
                _runs.Add((RowState.Of(row), succeed));
                return succeed;
            }
        }

        /// <summary>Does it, in a unit of work that is saved next.</summary>
        /// <returns>What tells the piece of its result, once it is saved.</returns>
        public async Task<Action> ApplyAsync(TrioAtWork at)
        {
            var before = at.Row?.Revision;
            var succeed = await RunAsync(at);
            if (at.Row is { } row && row.Revision != before)
                lock (_lock)
                    _runs.Add((RowState.Of(row), succeed));
            return succeed;
        }

        public abstract void Fail(Exception fault);

        protected abstract Task<Action> RunAsync(TrioAtWork at);
    }

    private sealed class Piece<T>(AssignmentClaim claim, Trio? known, Func<TrioAtWork, Task<T>> work, CancellationToken left) : Piece(claim, known, left)
    {
        private readonly TaskCompletionSource<T> _saved = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Saved => _saved.Task;

        public override void Fail(Exception fault)
        {
            _saved.TrySetException(fault);
            // Whoever has left does not look at it any more.
            _ = _saved.Task.Exception;
        }

        // Each run has a result of its own: one that was given up may still be at work beside the next.
        protected override async Task<Action> RunAsync(TrioAtWork at)
        {
            var result = await work(at);
            return () => _saved.TrySetResult(result);
        }
    }
}

/// <summary>A claimed row's trio in the unit of work that it is saved with.</summary>
/// <param name="Db">The unit of work. Others' trios are in it too: whoever works here does not save.</param>
/// <param name="Now">The instant.</param>
/// <param name="Row">The row, whoever holds it; null when there is none.</param>
/// <param name="Trio">The row with its grants; null when the claim is lost.</param>
/// <param name="Ct">Cancels.</param>
internal sealed record TrioAtWork(PortalDb Db, DateTimeOffset Now, DesiredAssignment? Row, Trio? Trio, CancellationToken Ct);
