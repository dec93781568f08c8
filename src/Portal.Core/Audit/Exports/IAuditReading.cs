using Portal.Core.Data;

namespace Portal.Core.Audit.Exports;

/// <summary>The seam to each database's own way of handing out a piece of the audit trail fast: as the bytes that it sends, without an object for each event.</summary>
/// <remarks>What is read is decided by the query alone, which the implementations run as it is.</remarks>
public interface IAuditReading
{
    /// <summary>The column of a query that says an event's position in the log; null where it has none.</summary>
    const string Position = nameof(Sealing.AuditLeaf.Position);

    /// <summary>The column of a query with the field digests that were sealed; null where there are none.</summary>
    const string FieldDigests = nameof(Sealing.AuditLeaf.FieldDigests);

    /// <summary>Reads what a query finds.</summary>
    /// <param name="db">The database that the query was made on.</param>
    /// <param name="query">A query whose columns are called as the properties of an event, with <see cref="Position"/> and <see cref="FieldDigests"/> besides.</param>
    /// <param name="into">Where the rows go, in the query's order. Must be empty and have room for all of them.</param>
    /// <param name="ct">Cancels.</param>
    Task ReadAsync(PortalDb db, IQueryable query, AuditRows into, CancellationToken ct);
}
