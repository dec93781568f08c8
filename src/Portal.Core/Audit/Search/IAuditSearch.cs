using Portal.Core.Data;

namespace Portal.Core.Audit.Search;

/// <summary>The seam to each database's own full-text index over the audit trail.</summary>
public interface IAuditSearch
{
    /// <summary>Has the index hold every event that was committed before this call. Nothing to do where each save keeps it.</summary>
    /// <remarks>Whoever is about to search calls it: what the index lacks is not found. See <see cref="AuditQuery.ReadyAsync"/>.</remarks>
    Task CatchUpAsync(PortalDb db, CancellationToken ct);

    /// <summary>The events that hold every phrase and fit all else that is asked for, in the order that is asked for. To be cut with <c>Take</c>; no page costs more than another.</summary>
    /// <param name="db">The database.</param>
    /// <param name="terms">What to find.</param>
    IQueryable<AuditEvent> Find(PortalDb db, AuditSearchTerms terms);
}
