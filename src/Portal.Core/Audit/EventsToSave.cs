using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit;

/// <summary>The events that a unit of work is to save with all else, and how they are saved: as entities, or by an <see cref="AuditInsert"/>, in one transaction with what they record.</summary>
/// <remarks>A unit of work may be handed out again after it is disposed (<see cref="PortalDbPool"/>): what was left behind by the one before is none of the next.</remarks>
internal sealed class EventsToSave
{
    private const string Before = "BeforeEvents";

    private readonly List<AuditEvent> _events = [];
    private DbContextId? _of;

    /// <summary>Whether an event waits to be saved.</summary>
    public bool AreThere(PortalDb db) => _of == db.ContextId && _events.Count > 0;

    /// <summary>Has the next save write an event.</summary>
    public void Add(PortalDb db, AuditEvent happened)
    {
        if (_of != db.ContextId)
            _events.Clear();
        _of = db.ContextId;
        _events.Add(happened);
    }

    /// <summary>Makes entities of them, where Entity Framework writes them.</summary>
    public void Track(PortalDb db)
    {
        if (!AreThere(db))
            return;
        db.AuditEvents.AddRange(_events);
        _events.Clear();
    }

    /// <summary>Saves them with all else.</summary>
    /// <param name="db">The unit of work.</param>
    /// <param name="insert">Writes them.</param>
    /// <param name="rest">Saves all else, and accepts no change yet.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many rows were written.</returns>
    public async Task<int> SaveAsync(PortalDb db, AuditInsert insert, Func<CancellationToken, Task<int>> rest, CancellationToken ct)
    {
        int saved;
        if (db.Database.CurrentTransaction is { } somebodys)
        {
            // As a save does: what failed is undone, and the rest of the transaction stays its owner's.
            await somebodys.CreateSavepointAsync(Before, ct);
            try
            {
                saved = await WriteAsync(db, insert, rest, ct);
            }
            catch
            {
                await somebodys.RollbackToSavepointAsync(Before, CancellationToken.None);
                throw;
            }

            await somebodys.ReleaseSavepointAsync(Before, ct);
        }
        else
        {
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            saved = await WriteAsync(db, insert, rest, ct);
            await transaction.CommitAsync(ct);
        }

        db.ChangeTracker.AcceptAllChanges();
        // Each with its note.
        saved += 2 * _events.Count;
        _events.Clear();
        return saved;
    }

    private async Task<int> WriteAsync(PortalDb db, AuditInsert insert, Func<CancellationToken, Task<int>> rest, CancellationToken ct)
    {
        int saved;
        var savepoints = db.Database.AutoSavepointsEnabled;
        db.Database.AutoSavepointsEnabled = false;
        try
        {
            saved = await rest(ct);
        }
        finally
        {
            db.Database.AutoSavepointsEnabled = savepoints;
        }

        try
        {
            await insert.InsertAsync(db, _events, ct);
            return saved;
        }
        catch (Exception fault) when (fault is not (DbUpdateException or OperationCanceledException))
        {
            // As a save says it, whatever it could not write.
            throw new DbUpdateException("An event could not be saved, so nothing was that was to be saved with it.", fault);
        }
    }
}
