using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Grants;

/// <summary>Where the turns of <see cref="DriveAssignment"/> read and save. What is ready at one moment goes into one transaction: a storm of grants waits for the disk once for many rows, not twice for each.</summary>
/// <remarks>
/// Each turn sees its own trio and changes it only under the number that claimed the row. What cannot be
/// saved together is halved, read anew and tried again until what fails is alone: it takes no other down. One per process.
/// </remarks>
public sealed class SharedSaves(IDbContextFactory<PortalDb> databases, ClockWatch clock)
{
    // Enough to make the wait for the disk small beside the work itself; few enough that whoever comes next is soon served.
    private const int MostAtOnce = 128;

    private readonly Lock _lock = new();
    private readonly Queue<Piece> _waiting = new();
    private bool _saving;

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

    /// <summary>Never throws: each piece hears what became of it.</summary>
    private async Task SaveAsync(IReadOnlyList<Piece> pieces)
    {
        using var nobodyWaits = new CancellationTokenSource();
        var waiting = pieces.Count;
        var watches = pieces.Select(p => p.Left.Register(() =>
        {
            if (Interlocked.Decrement(ref waiting) == 0)
                nobodyWaits.Cancel();
        })).ToList();
        var parts = new Stack<IReadOnlyList<Piece>>([pieces]);
        var failedAlone = 0;
        while (parts.TryPop(out var part))
        {
            try
            {
                // Alone, whoever clashed with somebody else's save may try several times.
                await (part.Count == 1 ? databases.RunAsync(db => ApplyAsync(db, part, nobodyWaits.Token), nobodyWaits.Token) : TryAsync(part, nobodyWaits.Token));
                failedAlone = 0;
                foreach (var piece in part)
                    piece.Succeed();
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

        foreach (var watch in watches)
            await watch.DisposeAsync();
    }

    private async Task<bool> TryAsync(IReadOnlyList<Piece> pieces, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await ApplyAsync(db, pieces, ct);
    }

    private async Task<bool> ApplyAsync(PortalDb db, IReadOnlyList<Piece> pieces, CancellationToken ct)
    {
        var now = clock.Now();
        var trios = await Trio.LoadAsync(db, [.. pieces.Select(p => (p.Claim, p.TakeKnown()))], now, ct);
        foreach (var piece in pieces)
        {
            var trio = trios.GetValueOrDefault(piece.Claim.AssignmentId);
            await piece.ApplyAsync(new TrioAtWork(db, now, trio?.Assignment, trio?.IsHeldBy(piece.Claim) == true ? trio : null, ct));
        }

        await db.SaveChangesAsync(ct);
        return true;
    }

    private abstract class Piece(AssignmentClaim claim, Trio? known, CancellationToken left)
    {
        private Trio? _known = known;

        public AssignmentClaim Claim => claim;

        /// <summary>Cancelled when whoever brought it does not wait for it any more.</summary>
        public CancellationToken Left => left;

        /// <summary>The trio as it is known without a read, once: the work changes it.</summary>
        public Trio? TakeKnown() => Interlocked.Exchange(ref _known, null);

        public abstract Task ApplyAsync(TrioAtWork at);

        public abstract void Succeed();

        public abstract void Fail(Exception fault);
    }

    private sealed class Piece<T>(AssignmentClaim claim, Trio? known, Func<TrioAtWork, Task<T>> work, CancellationToken left) : Piece(claim, known, left)
    {
        private readonly TaskCompletionSource<T> _saved = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Saved => _saved.Task;

        public override async Task ApplyAsync(TrioAtWork at) => _result = await work(at);

        public override void Succeed() => _saved.TrySetResult(_result);

        public override void Fail(Exception fault)
        {
            _saved.TrySetException(fault);
            // Whoever has left does not look at it any more.
            _ = _saved.Task.Exception;
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
