using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Questions;

/// <summary>Whose decisions, when.</summary>
/// <param name="PersonObjectId">Only decisions by this person or about their requests; null for all.</param>
/// <param name="Period">When they were made.</param>
public sealed record ApprovalQuestion(Guid? PersonObjectId, AuditPeriod Period);

/// <summary>One person's decisions on another's requests.</summary>
/// <param name="ApproverObjectId">Who decided; null for the portal itself.</param>
/// <param name="ApproverName">Their name, as last seen in the period.</param>
/// <param name="RequesterObjectId">Who had asked.</param>
/// <param name="RequesterName">Their name.</param>
/// <param name="Approved">How often the answer was yes.</param>
/// <param name="Denied">How often it was no.</param>
/// <param name="Median">How long after the request the decision came, in the middle case; null when no request of theirs is in the trail.</param>
/// <param name="Fastest">The shortest of those times.</param>
/// <param name="Latest">The last decision.</param>
public sealed record ApprovalPair(
    Guid? ApproverObjectId, string ApproverName, Guid? RequesterObjectId, string? RequesterName, int Approved, int Denied, TimeSpan? Median, TimeSpan? Fastest, DateTimeOffset Latest);

/// <summary>Who approved whom.</summary>
/// <param name="Pairs">The most frequent first; at most <see cref="AuditPeriod.MostRows"/>.</param>
/// <param name="PairCount">How many pairs there are.</param>
/// <param name="Approved">How many decisions were yes.</param>
/// <param name="Denied">How many were no.</param>
/// <param name="Median">The time from request to decision, in the middle of all cases; null without any.</param>
public sealed record ApprovalAnswer(IReadOnlyList<ApprovalPair> Pairs, int PairCount, int Approved, int Denied, TimeSpan? Median) : AuditAnswer;

/// <summary>Who approved whom, how often and how fast.</summary>
public sealed class WhoApprovedWhom(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    /// <summary>Answers. Holds one number for each decision of the period.</summary>
    public async Task<Result<ApprovalAnswer>> ExecuteAsync(ApprovalQuestion input, Actor actor, CancellationToken ct)
    {
        if (input.Period.Fault(actor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.WhoApprovedWhom, input.Period.AsFilter() with { PersonObjectId = input.PersonObjectId }), actor, ct);
        var decisions = input.Period.Over(Decisions(db.AuditEvents.AsNoTracking()));
        if (input.PersonObjectId is { } person)
            decisions = decisions.Where(e => e.ActorObjectId == person || e.SubjectObjectId == person);
        var tallies = new Dictionary<(Guid?, Guid?), Tally>();
        var all = new List<TimeSpan>();
        var unreadable = await ReadableRows.EachAsync(db, decisions, some => WithTheirRequests(db, some), decision =>
        {
            var pair = (decision.ApproverObjectId, decision.RequesterObjectId);
            if (!tallies.TryGetValue(pair, out var tally))
                tallies[pair] = tally = new Tally();
            tally.Add(decision);
            if (decision.Took is { } took)
                all.Add(took);
        }, () =>
        {
            tallies.Clear();
            all.Clear();
        }, ct);

        return new ApprovalAnswer(
            [.. tallies.Values.Select(t => t.Pair()).OrderByDescending(p => p.Approved + p.Denied).ThenByDescending(p => p.Latest).Take(AuditPeriod.MostRows)],
            tallies.Count, tallies.Values.Sum(t => t.Approved), tallies.Values.Sum(t => t.Denied), MedianOf(all))
        {
            Unreadable = unreadable,
        };
    }

    /// <summary>Those events that are decisions.</summary>
    internal static IQueryable<AuditEvent> Decisions(IQueryable<AuditEvent> events) =>
        events.Where(e => e.Code == AuditCode.RequestApproved.Value || e.Code == AuditCode.RequestDenied.Value);

    /// <summary>Decisions, with the time at which each was asked for.</summary>
    internal static IQueryable<Decision> WithTheirRequests(PortalDb db, IQueryable<AuditEvent> decisions) =>
        from decided in decisions
        select new Decision(
            decided.ActorObjectId, decided.ActorName, decided.SubjectObjectId, decided.SubjectName, decided.Code, decided.At,
            db.AuditEvents.Where(e => e.RequestId != null && e.RequestId == decided.RequestId && e.Code == AuditCode.RequestSubmitted.Value).Select(e => (DateTimeOffset?)e.At).FirstOrDefault());

    /// <summary>The middle of some times.</summary>
    /// <returns>Null when there are none.</returns>
    internal static TimeSpan? MedianOf(List<TimeSpan> times)
    {
        if (times.Count == 0)
            return null;
        times.Sort();
        return times.Count % 2 == 1 ? times[times.Count / 2] : (times[times.Count / 2 - 1] + times[times.Count / 2]) / 2;
    }

    internal sealed record Decision(Guid? ApproverObjectId, string ApproverName, Guid? RequesterObjectId, string? RequesterName, string Code, DateTimeOffset At, DateTimeOffset? AskedAt)
    {
        public TimeSpan? Took => AskedAt is { } asked ? At - asked : null;
    }

    private sealed class Tally
    {
        private readonly List<TimeSpan> _took = [];
        private Decision? _latest;

        public int Approved { get; private set; }

        public int Denied { get; private set; }

        public void Add(Decision decision)
        {
            if (decision.Code == AuditCode.RequestApproved.Value)
                Approved++;
            else
                Denied++;
            if (decision.Took is { } took)
                _took.Add(took);
            if (_latest is null || decision.At >= _latest.At)
                _latest = decision;
        }

        public ApprovalPair Pair() => new(
            _latest!.ApproverObjectId, _latest.ApproverName, _latest.RequesterObjectId, _latest.RequesterName, Approved, Denied, MedianOf(_took), _took.Count == 0 ? null : _took[0], _latest.At);
    }
}
