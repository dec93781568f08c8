using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Grants.Reconciliation;

namespace Portal.Core.Grants;

/// <summary>Applies what came of a turn to the row and its grants, with the events that say so. Whoever uses it saves.</summary>
internal sealed class Settlement(Trio trio, DriveOutcome outcome, AuditTrail trail, DateTimeOffset now, TimeSpan patience)
{
    /// <summary>What was confirmed and does not show for longer than the provider says it may take.</summary>
    public const string NotSeen = AttentionCode.NotSeenInProvider;

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(2);

    private readonly List<Grant> _ended = [];

    // What the turn before this one met by itself.
    private readonly string? _met = trio.Assignment.FaultCode;

    /// <summary>The plan by which the grants were judged: as things are after the call.</summary>
    public AssignmentPlan Plan { get; private set; } = null!;

    /// <summary>Until when the assignment is to be there; null for absent. What is only waited for (<see cref="Trio.MustWait"/>) is to stay as it is.</summary>
    public DateTimeOffset? WantedUntil => Plan.Stays || trio.MustWait(Plan, outcome.Clearance, now, patience) ? Row.WantedUntil : Plan.WantedUntil;

    /// <summary>The grants that may have changed.</summary>
    public IEnumerable<Grant> Touched => trio.Grants.Union(_ended);

    private DesiredAssignment Row => trio.Assignment;

    // What a look before the first call showed holds as long as nothing of ours can be there. Somebody whose call landed late has said meanwhile that it may be: then the next turn calls.
    private AssignmentObservation? Written { get; } = outcome is { Call: AssignmentIntent.None, Written: AssignmentObservation.HeldByAnother } && !trio.LooksFirst ? null : outcome.Written;

    // What stands there cannot be read, and will not be by itself: nobody knows whether who needs it still has it.
    private CloudCallException? UnreadFor => outcome.Reading?.Fault is { IsTransient: false } unread && Row is { Observed: AssignmentObservation.Present, SeenAt: not null } ? unread : null;

    /// <summary>Applies it.</summary>
    public async Task ApplyAsync(PortalDb db, CancellationToken ct)
    {
        if (Written is { } written)
        {
            // Whether another call of ours may have made what was there is known by the row as it is now.
            if (written == AssignmentObservation.HeldByAnother && outcome.WasThere && !Row.IsFirstPut)
                written = AssignmentObservation.Present;
            Row.NoteWritten(written, written == AssignmentObservation.Present ? outcome.DescribedUntil : null, now);
        }

        if (outcome.Reading is { } reading)
            Row.NoteReading(reading, now, outcome.TimeIsCertain);
        if (outcome.Clearance is { AskedAt: { } asked } clearance)
            Row.NoteAsked(asked, answered: !clearance.HeldBack.Values.Any(reason => reason.IsTransient));
        Plan = trio.PlanAt(now, outcome.Clearance);
        if ((outcome.Fault ?? outcome.Clearance.HeldBack.Values.FirstOrDefault()) is { } fault)
            Row.Fail(fault, called: outcome.Fault is not null, outcome.Fault is null ? outcome.Clearance.AskedAt ?? now : now, outcome.Fault is null ? Plan.ToEnd.Where(g => g.OverAt <= now).Min(g => (DateTimeOffset?)g.OverAt) : null);
        else if (outcome.Reading is null && Written is null)
            Row.Recover();

        // After a fault nothing is known to be there that was not there before.
        if (outcome.Fault is null)
            Activate();
        // With no removal outstanding, whatever is over is over: the role is gone, or stays for a grant that still needs it.
        if (Plan.Call != AssignmentIntent.Delete)
            End();
        if (Row is { Observed: AssignmentObservation.Absent, SeenAt: not null } && outcome.Reading is not null)
            await NoteGoneSeenAsync(db, ct);
        await NoteAttentionAsync(db, ct);
    }

    /// <summary>When the row has to be looked at again.</summary>
    /// <param name="jitter">From 0 to 1.</param>
    public DateTimeOffset? NextLook(double jitter)
    {
        var heldBack = outcome.Clearance.HeldBack;
        // Who came meanwhile has not been looked at yet and must not wait for those who are held back.
        var others = new Clearance(trio.Grants.Select(g => g.Id).ToHashSet(), heldBack) { AskedAt = outcome.Clearance.AskedAt };
        var rest = trio.PlanAt(now, others);
        // Only the same call waits for its next try: what changed while one was under way that failed is another's matter, and may be somebody's end.
        var failed = outcome.Fault is { } own && (rest.Call == AssignmentIntent.None || rest.Call == outcome.Call) ? own : null;
        if (failed is null && !rest.IsAtRest && !trio.MustWait(rest, others, now, patience))
            return now;
        if ((failed ?? heldBack.Values.FirstOrDefault()) is not { } fault)
            return rest.NextChange;
        // Of several that are held back, whoever is asked to wait longest.
        var retry = now + RetryDelay.After(Row.Attempts, failed is null ? heldBack.Values.Max(reason => reason.RetryAfter) : fault.RetryAfter, jitter);
        // An end waits for an answer about others only so long, and not for the next try to get one.
        if (failed is null && (rest.ToEnd.Count > 0 || rest.Call == AssignmentIntent.Delete) && trio.WaitsUntil(rest, others, now, patience) is var latest && latest < retry)
            retry = latest;
        return rest.NextChange < retry ? rest.NextChange : retry;
    }

    private void Activate()
    {
        if (Row.Observed is not (AssignmentObservation.Present or AssignmentObservation.HeldByAnother))
            return;
        var standing = Row.Observed == AssignmentObservation.HeldByAnother;
        foreach (var grant in Plan.Needing)
        {
            if (grant.NoteStandingAccess(standing))
            {
                if (standing)
                    trail.StandingAccessFound(grant, outcome.ProviderCall);
                else
                    trail.StandingAccessGone(grant, outcome.ProviderCall);
            }

            if (grant.State != GrantState.Active)
            {
                grant.Activate(now);
                trail.GrantActivated(grant, outcome.ProviderCall);
            }

            if (UnreadFor is not null)
                continue;
            if (Row.SeenAt is not null)
                grant.NoteSeen(now);
            if (!IsForTheComparison(grant) && (Row.SeenAt is not null || standing || grant.AttentionCode != NotSeen))
                grant.Relieve();
        }
    }

    // That the role is there says nothing of a lock or a secret. What the comparison found around a grant it takes back itself, unless this turn has looked at all of that, or the engine met the same and got past it.
    private bool IsForTheComparison(Grant grant) =>
        Impairment.Codes.Contains(grant.AttentionCode) && grant.AttentionCode != _met && !outcome.Clearance.Cleared.Contains(grant.Id);

    private void End()
    {
        foreach (var grant in Plan.ToEnd)
        {
            grant.End(now);
            trail.GrantEnded(grant, outcome.ProviderCall);
        }
    }

    private async Task NoteGoneSeenAsync(PortalDb db, CancellationToken ct)
    {
        // After a removal only those that it ended; what older ones still miss, the look that confirms it brings.
        _ended.AddRange(Plan.ToEnd.Where(g => g.RevokingSince is not null));
        if (outcome.Call == AssignmentIntent.None)
            _ended.AddRange(await db.Grants.Where(g => g.AssignmentId == Row.Id && g.State == GrantState.Ended && g.RevokingSince != null && g.GoneSeenAt == null).ToListAsync(ct));
        else if (Plan.ToEnd.Count == 0 && await trio.WitnessAsync(db, ct) is { State: GrantState.Ended } witness)
            _ended.Add(witness);
        foreach (var grant in _ended)
            grant.NoteGoneSeen(now);
    }

    private async Task NoteAttentionAsync(PortalDb db, CancellationToken ct)
    {
        foreach (var grant in trio.Grants)
            if (outcome.Clearance.HeldBack.TryGetValue(grant.Id, out var reason) && !IsPatientWith(reason))
                Note(grant, reason.Code, reason.Message, reason.ProviderCall);
        if (outcome.Fault is { } fault && !IsPatientWith(fault))
            foreach (var grant in await ConcernedAsync(db, ct))
                Note(grant, fault.Code, fault.Message, fault.ProviderCall);
        if (UnreadFor is { } blind)
            foreach (var grant in Plan.Needing)
                Note(grant, blind.Code, blind.Message, blind.ProviderCall);
        if (Row is { WrittenAt: { } written, SeenAt: null, WriteAgainAt: not null } && now - written >= LookDelay.Propagation)
            foreach (var grant in (await ConcernedAsync(db, ct)).Where(g => g.AttentionCode is null))
                NoteUnseen(grant, written);
    }

    private void NoteUnseen(Grant grant, DateTimeOffset written)
    {
        if (outcome.Reading?.Fault is { } unread)
            Note(grant, unread.Code, unread.Message, unread.ProviderCall);
        else
            Note(grant, NotSeen, $"Azure confirmed the {(Row.Observed == AssignmentObservation.Present ? "assignment" : "removal")} at {written.UtcDateTime:u} and does not show it {LookDelay.Propagation.TotalMinutes:0} minutes later. The portal wrote it again.", ProviderCall.Unknown);
    }

    // Whom a removal is for, or who is to have the role. A removal that no grant asked for is the concern of the last one that had it.
    private async Task<IReadOnlyCollection<Grant>> ConcernedAsync(PortalDb db, CancellationToken ct)
    {
        if (Plan.Needing.Count > 0)
            return Plan.Needing;
        if (Plan.ToEnd.Count > 0)
            return Plan.ToEnd;
        return await trio.WitnessAsync(db, ct) is { } witness ? [witness] : [];
    }

    // The alert must be there within five minutes; what cannot get better by itself is said at once, and so is what is asked to wait for longer.
    private bool IsPatientWith(CloudCallException fault) => fault.IsTransient && Row.Attempts < 4 && now - Row.FailingSince < Quiet && !(fault.RetryAfter > Quiet);

    private void Note(Grant grant, string code, string message, ProviderCall call)
    {
        if (grant.NeedAttention(code, message, now))
            trail.GrantNeedsAttention(grant, call);
    }
}
