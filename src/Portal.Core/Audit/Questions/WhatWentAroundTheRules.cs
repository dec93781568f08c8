using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Questions;

/// <summary>The same person was denied something and had it approved soon after.</summary>
/// <param name="PersonObjectId">Who asked.</param>
/// <param name="PersonName">Their name then.</param>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the whole vault.</param>
/// <param name="DeniedAt">When it was denied.</param>
/// <param name="DeniedBy">By whom.</param>
/// <param name="DeniedReference">Which request.</param>
/// <param name="ApprovedAt">When it was approved.</param>
/// <param name="ApprovedBy">By whom.</param>
/// <param name="ApprovedReference">Which request.</param>
public sealed record SecondTry(
    Guid? PersonObjectId, string? PersonName, string? VaultName, string? SecretName, DateTimeOffset DeniedAt, string DeniedBy, string? DeniedReference, DateTimeOffset ApprovedAt, string ApprovedBy, string? ApprovedReference);

/// <summary>What went around the rules, or tried to. Lists hold the latest first, at most <see cref="AuditPeriod.MostRows"/>.</summary>
/// <param name="SecondTries">Denied, then approved within <see cref="WhatWentAroundTheRules.Soon"/>; denied in the period.</param>
/// <param name="SecondTryCount">How many.</param>
/// <param name="Automatic">Approvals that no person made.</param>
/// <param name="AutomaticCount">How many.</param>
/// <param name="Attempts">What was tried and not allowed.</param>
/// <param name="AttemptCount">How many.</param>
public sealed record AroundAnswer(
    IReadOnlyList<SecondTry> SecondTries, CappedCount SecondTryCount, IReadOnlyList<AuditEvent> Automatic, CappedCount AutomaticCount, IReadOnlyList<AuditEvent> Attempts, CappedCount AttemptCount) : AuditAnswer;

/// <summary>What an auditor looks at when rules are doubted: a denial that a second request got around, approvals without a person, attempts at what is not allowed.</summary>
public sealed class WhatWentAroundTheRules(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    /// <summary>Within this time after a denial an approval of the same counts as a second try.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromDays(7);

    /// <summary>Answers.</summary>
    public async Task<Result<AroundAnswer>> ExecuteAsync(AuditPeriod period, Actor actor, CancellationToken ct)
    {
        if (period.Fault(actor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.WhatWentAroundTheRules, period.AsFilter()), actor, ct);
        var all = db.AuditEvents.AsNoTracking();
        var within = period.Over(all);
        var unreadable = new List<long>();
        var tries = await SecondTriesAsync(db, period, unreadable, ct);
        var automatic = within.Where(e => e.Code == AuditCode.RequestApproved.Value && e.ActorKind == ActorKind.System);
        var attempts = within.Where(e => e.Code == AuditCode.AttemptRefused.Value);
        return new AroundAnswer(
            [.. tries.Take(AuditPeriod.MostRows)], CappedCount.Of(tries.Count),
            await LatestAsync(db, automatic, unreadable, ct), await CountAsync(automatic, ct),
            await LatestAsync(db, attempts, unreadable, ct), await CountAsync(attempts, ct))
        {
            Unreadable = [.. unreadable.Distinct()],
        };
    }

    /// <summary>Reads denials and approvals in order and brings them together here: asked for each denial by itself, a database may read all approvals each time.</summary>
    private static async Task<List<SecondTry>> SecondTriesAsync(PortalDb db, AuditPeriod period, List<long> unreadable, CancellationToken ct)
    {
        var waiting = new Dictionary<(Guid?, string?), List<Decided>>();
        unreadable.AddRange(await ReadAsync(db, period, AuditCode.RequestDenied, denied =>
        {
            if (!waiting.TryGetValue((denied.PersonObjectId, denied.Scope), out var denials))
                waiting[(denied.PersonObjectId, denied.Scope)] = denials = [];
            denials.Add(denied);
        }, waiting.Clear, ct));

        var found = new List<SecondTry>();
        if (waiting.Count == 0)
            return found;
        var soon = new AuditPeriod(period.From, period.To < DateTimeOffset.MaxValue - Soon ? period.To + Soon : DateTimeOffset.MaxValue);
        var next = new Dictionary<(Guid?, string?), int>();
        unreadable.AddRange(await ReadAsync(db, soon, AuditCode.RequestApproved, approved =>
        {
            var tried = (approved.PersonObjectId, approved.Scope);
            if (!waiting.TryGetValue(tried, out var denials))
                return;
            // Each denial is got around once, by the first approval after it.
            var at = next.GetValueOrDefault(tried);
            for (; at < denials.Count && denials[at] is var denied && denied.At < approved.At; at++)
                if (approved.At - denied.At <= Soon)
                    found.Add(new SecondTry(denied.PersonObjectId, denied.PersonName, denied.VaultName, denied.SecretName, denied.At, denied.ByName, denied.Reference, approved.At, approved.ByName, approved.Reference));
            next[tried] = at;
        }, () =>
        {
            found.Clear();
            next.Clear();
        }, ct));

        return [.. found.OrderByDescending(t => t.DeniedAt)];
    }

    private static Task<IReadOnlyList<long>> ReadAsync(PortalDb db, AuditPeriod period, AuditCode code, Action<Decided> take, Action again, CancellationToken ct) =>
        ReadableRows.EachAsync(db, period.Over(db.AuditEvents.AsNoTracking()).Where(e => e.Code == code.Value).OrderBy(e => e.At).ThenBy(e => e.Sequence), events => events.OrderBy(e => e.At).ThenBy(e => e.Sequence)
            .Select(e => new Decided(e.SubjectObjectId, e.SubjectName, e.Scope, e.VaultName, e.SecretName, e.At, e.ActorName, e.RequestReference)), take, again, ct);

    private static async Task<IReadOnlyList<AuditEvent>> LatestAsync(PortalDb db, IQueryable<AuditEvent> events, List<long> unreadable, CancellationToken ct)
    {
        var latest = await ReadableEvents.ReadAsync(db, LatestFirst(events).Take(AuditPeriod.MostRows), ct);
        unreadable.AddRange(latest.Unreadable);
        return latest.Events;
    }

    private static async Task<CappedCount> CountAsync(IQueryable<AuditEvent> events, CancellationToken ct) =>
        CappedCount.Of(await LatestFirst(events).Select(e => e.Sequence).Take(CountAuditEvents.Most + 1).CountAsync(ct));

    // Counted in the list's order, which an index has: without one, which are counted would be left to chance.
    private static IQueryable<AuditEvent> LatestFirst(IQueryable<AuditEvent> events) => events.OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence);

    private sealed record Decided(Guid? PersonObjectId, string? PersonName, string? Scope, string? VaultName, string? SecretName, DateTimeOffset At, string ByName, string? Reference);
}
