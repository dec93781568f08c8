using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Portal.Core.Data;

namespace Portal.Core.Audit;

/// <summary>How a database takes the events of a save, where it has a quicker way than Entity Framework's. An event is written once and never changed, so there is nothing to track of it.</summary>
public abstract class AuditInsert
{
    /// <summary>Writes events, in their order, each with the note that it has no place in the log yet.</summary>
    /// <param name="db">The unit of work, in its transaction: they are committed with the change that they record, or not at all.</param>
    /// <param name="events">The events.</param>
    /// <param name="ct">Cancels; then the transaction is not to be committed.</param>
    public abstract Task InsertAsync(PortalDb db, IReadOnlyList<AuditEvent> events, CancellationToken ct);
}

/// <summary>Chooses it.</summary>
public static class AuditInsertOptions
{
    /// <summary>Chooses how events are written, where the database is chosen. Where nothing is chosen, Entity Framework writes them.</summary>
    public static DbContextOptionsBuilder UseAuditInsert(this DbContextOptionsBuilder options, AuditInsert insert)
    {
        ContextOption<AuditInsert>.Set(options, insert);
        return options;
    }

    internal static AuditInsert? InsertOf(IDbContextOptions options) => ContextOption<AuditInsert>.Of(options);
}
