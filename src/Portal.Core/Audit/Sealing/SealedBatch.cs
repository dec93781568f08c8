using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>The places that a turn of sealing gives, written by statements of many rows: one by one, as entities, they took most of the turn.</summary>
internal sealed class SealedBatch
{
    // Three parameters each. A statement is a question to the server; SQLite looks each parameter up among all, with 256 rows for a third of the sealer's processor time.
    private const int RowsAtOnce = 256;
    private const int RowsAtOnceOnSqlite = 32;
    private const string Sqlite = "Microsoft.EntityFrameworkCore.Sqlite";

    private readonly List<object> _leaves = [];
    private long _from;
    private DateTimeOffset _first = DateTimeOffset.MaxValue;
    private DateTimeOffset _last = DateTimeOffset.MinValue;

    /// <summary>Adds an event's place.</summary>
    /// <param name="position">The place.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="since">Since when it waits.</param>
    /// <param name="fieldDigests">See <see cref="CanonicalEvent.FieldDigests"/>.</param>
    public void Add(long position, Guid eventId, DateTimeOffset since, byte[] fieldDigests)
    {
        if (_leaves.Count == 0)
            _from = position;
        (_first, _last) = (since < _first ? since : _first, since > _last ? since : _last);
        _leaves.AddRange([position, eventId, fieldDigests]);
    }

    /// <summary>Writes the places, and takes the events from those that wait. Belongs into a transaction.</summary>
    /// <exception cref="DbUpdateConcurrencyException">One of them did not wait any more.</exception>
    public async Task WriteAsync(PortalDb db, CancellationToken ct)
    {
        foreach (var part in _leaves.Chunk((db.Database.ProviderName == Sqlite ? RowsAtOnceOnSqlite : RowsAtOnce) * 3))
            await db.Database.ExecuteSqlRawAsync(Insert(part.Length / 3), part, ct);
        // All between the first and the last that have a place now: no other can have one.
        var gone = await db.PendingSeals.Where(p => p.Since >= _first && p.Since <= _last && db.AuditLeaves.Any(l => l.EventId == p.EventId && l.Position >= _from)).ExecuteDeleteAsync(ct);
        // More are gone where somebody gave an event a second note.
        if (gone < _leaves.Count / 3)
            throw new DbUpdateConcurrencyException($"{_leaves.Count / 3} events were sealed, and {gone} of them waited.");
    }

    private static string Insert(int rows)
    {
        var sql = new StringBuilder("INSERT INTO \"AuditLeaves\" (\"Position\", \"EventId\", \"FieldDigests\") VALUES ");
        for (var row = 0; row < rows; row++)
            sql.Append(row == 0 ? "" : ", ").Append($"({{{row * 3}}}, {{{(row * 3) + 1}}}, {{{(row * 3) + 2}}})");
        return sql.ToString();
    }
}
