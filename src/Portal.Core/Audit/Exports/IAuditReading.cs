using Portal.Core.Data;

namespace Portal.Core.Audit.Exports;

/// <summary>The seam to each database's own way of handing out a piece of the audit trail fast: as the bytes that it sends, without an object for each event.</summary>
/// <remarks>What is read is decided by the query alone, which the implementations run as it is.</remarks>
public interface IAuditReading
{
    /// <summary>Reads what a query finds.</summary>
    /// <param name="db">The database that the query was made on.</param>
    /// <param name="query">A query for whole events.</param>
    /// <param name="into">Where the rows go, in the query's order. Must be empty and have room for all of them.</param>
    /// <param name="ct">Cancels.</param>
    Task ReadAsync(PortalDb db, IQueryable<AuditEvent> query, AuditRows into, CancellationToken ct);
}
