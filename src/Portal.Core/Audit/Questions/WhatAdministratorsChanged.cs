using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Questions;

/// <summary>What administrators and operators changed.</summary>
/// <param name="Events">The latest first; at most <see cref="AuditPeriod.MostRows"/>.</param>
/// <param name="Counts">How many of each kind there are, those with none left out.</param>
public sealed record ChangeAnswer(IReadOnlyList<AuditEvent> Events, IReadOnlyList<ChangeCount> Counts) : AuditAnswer;

/// <summary>How many changes of one kind there are.</summary>
/// <param name="Code">The kind, by its audit code.</param>
/// <param name="Count">How many.</param>
public sealed record ChangeCount(string Code, CappedCount Count);

/// <summary>What was changed by those who run the portal: pauses, revocations, retries, sweeps, policies.</summary>
public sealed class WhatAdministratorsChanged(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    /// <summary>The audit codes that are looked at.</summary>
    public static IReadOnlyList<AuditCode> Codes { get; } =
        [AuditCode.AccessPaused, AuditCode.AccessTakenBack, AuditCode.AccessResumed, AuditCode.GrantRevoked, AuditCode.RetryAsked, AuditCode.AssignmentSwept, AuditCode.PolicyLoaded, AuditCode.PolicyRetired];

    /// <summary>Answers.</summary>
    public async Task<Result<ChangeAnswer>> ExecuteAsync(AuditPeriod period, Actor actor, CancellationToken ct)
    {
        if (period.Fault(actor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.WhatAdministratorsChanged, period.AsFilter()), actor, ct);
        var within = period.Over(db.AuditEvents.AsNoTracking());
        var events = new List<AuditEvent>();
        var unreadable = new List<long>();
        var counts = new List<ChangeCount>();
        // One ordered read for each kind: together they would be read and sorted whole.
        foreach (var code in Codes.Select(c => c.Value))
        {
            var some = within.Where(e => e.Code == code).OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence);
            var count = await some.Select(e => e.Sequence).Take(CountAuditEvents.Most + 1).CountAsync(ct);
            if (count == 0)
                continue;
            counts.Add(new ChangeCount(code, CappedCount.Of(count)));
            var read = await ReadableEvents.ReadAsync(db, some.Take(AuditPeriod.MostRows), ct);
            events.AddRange(read.Events);
            unreadable.AddRange(read.Unreadable);
        }

        return new ChangeAnswer([.. events.OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence).Take(AuditPeriod.MostRows)], counts) { Unreadable = unreadable };
    }
}
