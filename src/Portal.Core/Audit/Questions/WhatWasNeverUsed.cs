using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Questions;

/// <summary>Access that was given and never tested.</summary>
/// <param name="Spans">The latest first; at most <see cref="AuditPeriod.MostRows"/>.</param>
/// <param name="Unused">How many there are.</param>
/// <param name="Given">How many grants began in the period.</param>
public sealed record UnusedAnswer(IReadOnlyList<AccessSpan> Spans, int Unused, int Given) : AuditAnswer;

/// <summary>Which of the grants that began in a period were never shown to reach their secret. Only a test through the portal shows that: what was read by other programs, the trail does not know.</summary>
public sealed class WhatWasNeverUsed(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    /// <summary>Answers.</summary>
    public async Task<Result<UnusedAnswer>> ExecuteAsync(AuditPeriod period, Actor actor, CancellationToken ct)
    {
        if (period.Fault(actor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.WhatWasNeverUsed, period.AsFilter()), actor, ct);
        var all = db.AuditEvents.AsNoTracking();
        var given = period.Over(all).Where(e => e.Code == AuditCode.GrantActivated.Value);
        var unused = given.Where(g => !all.Any(e => e.RequestId != null && e.RequestId == g.RequestId && e.GrantId != null && e.GrantId == g.GrantId && e.Code == AuditCode.GrantEffective.Value));
        var (spans, unreadable) = await AccessSpans.ReadAsync(db, unused, AuditPeriod.MostRows, ct);
        return new UnusedAnswer(spans, await unused.CountAsync(ct), await given.CountAsync(ct)) { Unreadable = unreadable };
    }
}
