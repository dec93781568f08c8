using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>How many there are of something that may be without end.</summary>
/// <param name="Events">How many, at most <see cref="CountAuditEvents.Most"/>.</param>
/// <param name="AndMore">Whether there are more.</param>
public sealed record CappedCount(int Events, bool AndMore)
{
    /// <summary>From a count that went one further than is shown.</summary>
    internal static CappedCount Of(int counted) => new(Math.Min(counted, CountAuditEvents.Most), counted > CountAuditEvents.Most);
}

/// <summary>Counts what a filter leaves for the actor to see, up to a limit: beyond it nobody reads the figure, and counting would cost more than all else on the page.</summary>
public sealed class CountAuditEvents(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    /// <summary>Where counting stops.</summary>
    public const int Most = 10_000;

    /// <summary>Counts.</summary>
    public async Task<Result<CappedCount>> ExecuteAsync(AuditFilter filter, Actor actor, CancellationToken ct)
    {
        if ((actor.IsNobody() ?? filter.Fault()) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.List, filter), actor, ct);
        await AuditQuery.ReadyAsync(db, filter, ct);
        return CappedCount.Of(await AuditQuery.Some(db, actor, filter, Most + 1).CountAsync(ct));
    }
}
