using Portal.Core.Data;

namespace Portal.Core.Audit.Search;

/// <summary>The seam to each database's own full-text index over the audit trail.</summary>
public interface IAuditSearch
{
    /// <summary>The events that hold every phrase and fit all else that is asked for, in the order that is asked for. To be cut with <c>Take</c>; no page costs more than another.</summary>
    /// <param name="db">The database.</param>
    /// <param name="terms">What to find.</param>
    IQueryable<AuditEvent> Find(PortalDb db, AuditSearchTerms terms);
}
