using Portal.Core.Catalog;

namespace Portal.Core.Grants;

// What became of calls, reads and questions.
public sealed partial class DesiredAssignment
{
    /// <summary>Notes what the provider confirmed. It is written; whether it is seen is for <see cref="NoteReading"/>.</summary>
    public void NoteWritten(AssignmentObservation observed, DateTimeOffset? describedUntil, DateTimeOffset now)
    {
        if (Observed != AssignmentObservation.Unknown && Observed != observed)
            WrittenAt = null;
        if (observed == AssignmentObservation.HeldByAnother)
        {
            FreeSeenAt = null;
            if (!(LostCallAt + LookDelay.Propagation > now))
                LostCallAt = null;
        }

        Observed = observed;
        DescribedUntil = describedUntil;
        WrittenAt ??= now;
        SeenAt = null;
        var readable = observed != AssignmentObservation.HeldByAnother;
        WriteAgainAt = readable ? now + LookDelay.UntilWrittenAgain(LostCallAt is not null) : null;
        LookDueAt = readable ? now + LookDelay.WhileUnseen(now - WrittenAt.Value) : null;
        Intent = AssignmentIntent.None;
        IntentAt = null;
        ClearFault();
        Revision++;
    }

    /// <summary>Notes what a read showed.</summary>
    /// <param name="reading">What it showed.</param>
    /// <param name="now">When.</param>
    /// <param name="timeIsCertain">False while clocks disagree: then nobody can say how long ago something was written.</param>
    public void NoteReading(AssignmentReading reading, DateTimeOffset now, bool timeIsCertain = true)
    {
        if (Observed is not (AssignmentObservation.Present or AssignmentObservation.Absent))
            throw new InvalidOperationException($"Assignment {Id} is {Observed}: there is nothing to compare a read with.");
        // Believed only when it still shows so after a while, and the membership stays the portal's until then.
        if (reading.WithoutGroup)
            LostCallAt ??= now;
        var expected = Observed == AssignmentObservation.Present ? ReadingKind.AsOrdered : ReadingKind.Missing;
        if (reading.Kind == expected)
            NoteSeen(now, timeIsCertain);
        else if (reading.Fault is { } fault)
        {
            LookLater(now, fault.RetryAfter);
            // What cannot be seen by itself is not written again sooner than it is looked at.
            if (!fault.IsTransient && WriteAgainAt < LookDueAt)
                WriteAgainAt = LookDueAt;
        }
        else if (SeenAt is null && WrittenAt is { } written)
        {
            // What was written a moment ago may not show yet: that proves nothing. A moment, also where the clock has been set back since.
            if (written > now)
                (WrittenAt, WriteAgainAt) = (now, now + LookDelay.UntilWrittenAgain(LostCallAt is not null));
            LookLater(now, null);
        }
        else if (MayBeOlder(now, timeIsCertain) && Observed == AssignmentObservation.Absent)
            LookLater(now, null);
        else
        {
            // It is put back, and stays the portal's if it was there all the time.
            if (MayBeOlder(now, timeIsCertain))
                LostCallAt = now;
            TakeOver(reading.Kind);
        }

        if (reading.Fault is { } failed)
            (FailingSince, FaultCode, FaultMessage) = (FailingSince ?? now, failed.Code, failed.Message);
        else
            ClearFault();
        Revision++;
    }

    /// <summary>Notes that nothing failed in a turn that neither called nor read.</summary>
    public void Recover()
    {
        if (FailingSince is null && Attempts == 0)
            return;
        ClearFault();
        Revision++;
    }

    /// <summary>Notes that it was asked who may have the role, and whether there was an answer about everyone.</summary>
    public void NoteAsked(DateTimeOffset askedAt, bool answered)
    {
        if (answered ? UnansweredSince is null : UnansweredSince <= askedAt)
            return;
        UnansweredSince = answered ? null : askedAt;
        Revision++;
    }

    /// <summary>Notes a call that failed. What is there stays unknown.</summary>
    /// <param name="fault">What happened.</param>
    /// <param name="called">False when it was not the announced call that failed, but something before it.</param>
    /// <param name="now">When.</param>
    /// <param name="overAt">Since when the first grant is over that waits for its end; null when none does. What failed before that says nothing of how long it has waited.</param>
    public void Fail(CloudCallException fault, bool called, DateTimeOffset now, DateTimeOffset? overAt = null)
    {
        // A call that the provider turned down, or that was never sent, was not carried out and cannot arrive late.
        if (called && fault.IsCertainlyUndone)
        {
            // Who comes in before the next try was put there by somebody else.
            if (IsFirstPut)
                FreeSeenAt = null;
            (Intent, IntentAt) = (AssignmentIntent.None, null);
        }

        Attempts++;
        if (FailingSince is not { } since || since < overAt)
            FailingSince = now;
        FaultCode = fault.Code;
        FaultMessage = fault.Message;
        Revision++;
    }

    private void NoteSeen(DateTimeOffset now, bool timeIsCertain)
    {
        SeenAt ??= now;
        WriteAgainAt = null;
        var since = LostCallAt > SeenAt ? LostCallAt.Value : SeenAt.Value;
        LookDueAt = LookDelay.Confirmation(since, LostCallAt is not null, Observed == AssignmentObservation.Absent, now);
        // While clocks disagree nobody can say that ten minutes are over.
        if (LookDueAt is null && LostCallAt is not null && !timeIsCertain)
            LookDueAt = now + LookDelay.WhileUncertain;
        if (LookDueAt is null)
            LostCallAt = null;
        ForgetWhoseItWas();
    }

    private void LookLater(DateTimeOffset now, TimeSpan? asked)
    {
        LookDueAt = now + LookDelay.WhileUnseen(now - (WrittenAt ?? LostCallAt ?? SeenAt ?? now), asked);
    }

    // Asked again, the directory may show what is older than what it showed before. Where nothing tells whose a membership is, that is not to be taken for somebody's hand.
    private bool MayBeOlder(DateTimeOffset now, bool timeIsCertain) =>
        Provider == GrantProvider.GroupMembership && LostCallAt is null && (WasWrittenWithin(LookDelay.Propagation, now) || (!timeIsCertain && WrittenAt is not null));

    // It was seen as it should be, and is not so any more: what is there now is what the next call goes from.
    private void TakeOver(ReadingKind found)
    {
        Observed = found == ReadingKind.Missing ? AssignmentObservation.Absent : AssignmentObservation.Present;
        DescribedUntil = null;
        WrittenAt = null;
        SeenAt = null;
        WriteAgainAt = null;
        LookDueAt = null;
        ForgetWhoseItWas();
    }

    // Gone is gone: what shows there later was put there by somebody else, unless a call of ours may still arrive.
    private void ForgetWhoseItWas()
    {
        if (Observed == AssignmentObservation.Absent && LostCallAt is null)
            FreeSeenAt = null;
    }

    private void ClearFault() => (Attempts, FailingSince, FaultCode, FaultMessage) = (0, null, null, null);
}
