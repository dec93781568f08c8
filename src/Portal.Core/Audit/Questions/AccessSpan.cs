using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Questions;

/// <summary>A time during which somebody had access, by what was recorded when it was given and when it was over: not by what was planned.</summary>
/// <param name="PersonObjectId">Who had it; null when the trail does not say.</param>
/// <param name="PersonName">Their name then.</param>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the whole vault.</param>
/// <param name="RoleName">The role.</param>
/// <param name="RequestReference">The request that it came from.</param>
/// <param name="From">When it was given.</param>
/// <param name="Until">When it was over; null while it lasts.</param>
/// <param name="Ending">How it ended, as recorded; null while it lasts.</param>
public sealed record AccessSpan(
    Guid? PersonObjectId, string? PersonName, string? VaultName, string? SecretName, string? RoleName, string? RequestReference, DateTimeOffset From, DateTimeOffset? Until, string? Ending)
{
    /// <summary>Whether it is over and the event that says so cannot be read: then neither when nor how is known.</summary>
    public bool EndUnreadable { get; init; }
}

/// <summary>Access that the portal did not give and came upon.</summary>
/// <param name="PersonObjectId">Who has it.</param>
/// <param name="PersonName">Their name then.</param>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the whole vault.</param>
/// <param name="RoleName">The role.</param>
/// <param name="RequestReference">The request during which it was found.</param>
/// <param name="FoundAt">When it was first found. How long it had been there the trail does not know.</param>
/// <param name="GoneAt">When it was found gone while a grant rested on it; null where the trail does not know whether it still stands.</param>
public sealed record StandingAccess(Guid? PersonObjectId, string? PersonName, string? VaultName, string? SecretName, string? RoleName, string? RequestReference, DateTimeOffset FoundAt, DateTimeOffset? GoneAt);

/// <summary>Who had access, or what was held.</summary>
/// <param name="Spans">The latest first; at most <see cref="AuditPeriod.MostRows"/>.</param>
/// <param name="Standing">Found before the end of the period and not known to be gone before it began, the latest first; at most as many.</param>
/// <param name="People">How many people are in <paramref name="Spans"/>.</param>
/// <param name="AndMore">Whether there are spans beyond.</param>
public sealed record AccessAnswer(IReadOnlyList<AccessSpan> Spans, IReadOnlyList<StandingAccess> Standing, int People, bool AndMore) : AuditAnswer;

/// <summary>Reads spans from the events.</summary>
internal static class AccessSpans
{
    // Drift that says: somebody else gave the role.
    private const string HeldByAnother = "HeldByAnother";

    /// <summary>What of the given events' access overlaps a period.</summary>
    /// <param name="db">The database.</param>
    /// <param name="about">Events about the access in question, of any kind and time.</param>
    /// <param name="period">The period.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<AccessAnswer> OverlappingAsync(PortalDb db, IQueryable<AuditEvent> about, AuditPeriod period, CancellationToken ct)
    {
        // The empty text keeps SQLite from reading every grant that ever began instead of what is known about the one person or vault.
        var given = about.Where(e => e.Code + "" == AuditCode.GrantActivated.Value && e.At < period.To);
        // Not null, said of ours: otherwise "both unknown" counts as the same, and no index serves that. No time in the inner condition: it would lead SQLite to read every grant that ever ended, once for each that began.
        var overlapping = given.Where(g => (db.AuditEvents.Where(e => e.RequestId != null && e.RequestId == g.RequestId && e.GrantId != null && e.GrantId == g.GrantId && e.Code == AuditCode.GrantEnded.Value)
            .OrderBy(e => e.Sequence).Select(e => (DateTimeOffset?)e.At).FirstOrDefault() ?? DateTimeOffset.MaxValue) > period.From);
        var (spans, unreadable) = await ReadAsync(db, overlapping, AuditPeriod.MostRows + 1, ct);
        var met = about.Where(e => (e.Code == AuditCode.StandingAccessFound.Value || (e.Code == AuditCode.DriftFound.Value && e.Reason == HeldByAnother)) && e.At < period.To);
        var (standing, others) = await ReadableRows.ReadAsync(db, met, int.MaxValue, some => some
            .Select(e => new
            {
                Found = e,
                Gone = db.AuditEvents.Where(g => g.RequestId != null && g.RequestId == e.RequestId && g.GrantId != null && g.GrantId == e.GrantId && g.Code == AuditCode.StandingAccessGone.Value && g.Sequence > e.Sequence)
                    .OrderBy(g => g.Sequence).Select(g => (DateTimeOffset?)g.At).FirstOrDefault(),
            })
            .Where(s => s.Gone == null || s.Gone > period.From)
            .OrderByDescending(s => s.Found.At).ThenByDescending(s => s.Found.Sequence).Take(AuditPeriod.MostRows)
            .Select(s => new StandingAccess(s.Found.SubjectObjectId, s.Found.SubjectName, s.Found.VaultName, s.Found.SecretName, s.Found.RoleName, s.Found.RequestReference, s.Found.At, s.Gone)), ct);
        var more = spans.Count > AuditPeriod.MostRows;
        var shown = more ? spans[..AuditPeriod.MostRows] : spans;
        return new AccessAnswer(shown, OnceEach(standing), shown.Select(s => s.PersonObjectId).Distinct().Count(), more) { Unreadable = [.. unreadable, .. others] };
    }

    /// <summary>What began, with its end, the latest first; without its end where that cannot be read.</summary>
    /// <param name="db">The database.</param>
    /// <param name="given">Events that say that access was given, in any order.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>They, and the numbers of events that belong here and cannot be read.</returns>
    public static async Task<(List<AccessSpan> Spans, IReadOnlyList<long> Unreadable)> ReadAsync(PortalDb db, IQueryable<AuditEvent> given, int most, CancellationToken ct)
    {
        var (spans, unreadable) = await ReadableRows.ReadAsync(db, given, most, some => Spans(db, some), ct);
        if (unreadable.Count == 0)
            return (spans, unreadable);
        var (begun, lost) = await ReadableRows.ReadAsync(db, db.AuditEvents.AsNoTracking().Where(e => unreadable.Contains(e.Sequence)), most, some => some.Select(g => new
        {
            Span = new AccessSpan(g.SubjectObjectId, g.SubjectName, g.VaultName, g.SecretName, g.RoleName, g.RequestReference, g.At, null, null),
            End = db.AuditEvents.Where(e => e.RequestId != null && e.RequestId == g.RequestId && e.GrantId != null && e.GrantId == g.GrantId && e.Code == AuditCode.GrantEnded.Value).OrderBy(e => e.Sequence).Select(e => (long?)e.Sequence).FirstOrDefault(),
        }), ct);
        return ([.. spans.Concat(begun.Select(b => b.Span with { EndUnreadable = true })).OrderByDescending(s => s.From)], [.. lost, .. begun.Select(b => b.End).OfType<long>()]);
    }

    // A comparison and a call of one request may each come upon the same access: it is told since it was first met, until it was found gone.
    private static List<StandingAccess> OnceEach(List<StandingAccess> latestFirst) =>
        [.. latestFirst.GroupBy(s => (s.RequestReference, s.PersonObjectId, s.VaultName, s.SecretName, s.RoleName, s.GoneAt)).Select(met => met.Last()).OrderByDescending(s => s.FoundAt)];

    /// <summary>What began, with its end, in the order in which it is given.</summary>
    /// <param name="db">The database.</param>
    /// <param name="given">Events that say that access was given.</param>
    public static IQueryable<AccessSpan> Spans(PortalDb db, IQueryable<AuditEvent> given) => given.Select(g => new AccessSpan(
        g.SubjectObjectId, g.SubjectName, g.VaultName, g.SecretName, g.RoleName, g.RequestReference, g.At,
        db.AuditEvents.Where(e => e.RequestId != null && e.RequestId == g.RequestId && e.GrantId != null && e.GrantId == g.GrantId && e.Code == AuditCode.GrantEnded.Value).OrderBy(e => e.Sequence).Select(e => (DateTimeOffset?)e.At).FirstOrDefault(),
        db.AuditEvents.Where(e => e.RequestId != null && e.RequestId == g.RequestId && e.GrantId != null && e.GrantId == g.GrantId && e.Code == AuditCode.GrantEnded.Value).OrderBy(e => e.Sequence).Select(e => e.Reason).FirstOrDefault()));
}
