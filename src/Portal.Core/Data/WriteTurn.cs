using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Portal.Core.Data;

/// <summary>How writes go through to a database that has one writer: in turns. A database that takes many writers has none of this.</summary>
public abstract class WriteOrder
{
    /// <summary>Waits for a context's turn to write by statements of its own, or by several saves; disposing gives it back. Saves of that context are part of it.</summary>
    public abstract Task<IDisposable> EnterAsync(PortalDb db, CancellationToken ct);

    /// <summary>Lets a save through in its turn.</summary>
    /// <param name="db">Whose save it is.</param>
    /// <param name="save">The save itself.</param>
    /// <param name="ct">Cancels the wait for the turn, the save, and the wait for the disk: then it is saved, and may not outlast a power cut.</param>
    /// <returns>What the save returned, once what it saved outlasts a power cut; within an open transaction that is its commit's affair.</returns>
    public abstract Task<int> SaveAsync(PortalDb db, Func<CancellationToken, Task<int>> save, CancellationToken ct);

    /// <summary>The same, blocking.</summary>
    public abstract int Save(PortalDb db, Func<int> save);

    /// <summary>Returns once all that can be read now outlasts a power cut.</summary>
    public abstract Task SettleAsync(CancellationToken ct);
}

/// <summary>Has a unit of work that writes by statements of its own wait for its turn, where a database has one writer. A mere save waits by itself.</summary>
public static class WriteTurn
{
    /// <summary>Says in what order to write, where the database is chosen.</summary>
    public static DbContextOptionsBuilder UseWriteOrder(this DbContextOptionsBuilder options, WriteOrder order)
    {
        ContextOption<WriteOrder>.Set(options, order);
        return options;
    }

    /// <summary>Waits for this context's turn.</summary>
    /// <returns>What gives it back; null where the database takes many writers.</returns>
    public static async Task<IDisposable?> TurnAsync(PortalDb db, CancellationToken ct) => OrderOf(db.GetService<IDbContextOptions>()) is { } order ? await order.EnterAsync(db, ct) : null;

    /// <summary>Returns once all that this context can read now outlasts a power cut: for an answer that rests on what others wrote, and not on a save of one's own.</summary>
    /// <exception cref="DurabilityLostException">It may not.</exception>
    public static Task SettleAsync(PortalDb db, CancellationToken ct) => OrderOf(db.GetService<IDbContextOptions>())?.SettleAsync(ct) ?? Task.CompletedTask;

    internal static WriteOrder? OrderOf(IDbContextOptions options) => ContextOption<WriteOrder>.Of(options);
}
