using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>One row per (scope, principal, role): what we want there, what we last saw, and who is working on it. Every grant of the trio shares it.</summary>
public sealed partial class DesiredAssignment
{
    /// <summary>What stands in the place of a subscription where calls go to Microsoft Graph.</summary>
    public const string GraphLane = "microsoft-graph";

    private DesiredAssignment()
    {
    }

    /// <summary>Makes the row for a trio.</summary>
    public DesiredAssignment(Grant grant)
    {
        Id = grant.AssignmentId;
        Provider = grant.Provider;
        GroupId = grant.GroupId;
        // A membership is one thing however many vaults it opens.
        Scope = grant.GroupId is { } group ? $"/groups/{group}" : grant.Scope;
        SubscriptionId = grant.GroupId is null ? ArmId.SubscriptionOf(grant.Scope) : GraphLane;
        PrincipalTenantId = grant.PrincipalTenantId;
        PrincipalObjectId = grant.PrincipalObjectId;
        RoleDefinitionId = grant.GroupId is null ? grant.RoleDefinitionId : Guid.Empty;
        PrivilegeRank = GrantableRole.Find(grant.RoleDefinitionId)?.PrivilegeRank ?? int.MaxValue;
        DueAt = grant.StartsAt;
    }

    /// <summary>Makes the row for an assignment of ours that was found and that no grant explains: it is there, not wanted, and due now.</summary>
    public DesiredAssignment(AssignmentSeen found, DateTimeOffset now)
    {
        Scope = ArmId.Normalise(found.Scope);
        Id = AssignmentName.Of(Scope, found.PrincipalId, found.RoleDefinitionId);
        SubscriptionId = ArmId.SubscriptionOf(Scope);
        PrincipalTenantId = found.TenantId;
        PrincipalObjectId = found.PrincipalId;
        PrincipalKind = found.PrincipalKind ?? PrincipalKind.User;
        RoleDefinitionId = found.RoleDefinitionId;
        PrivilegeRank = GrantableRole.Find(found.RoleDefinitionId)?.PrivilegeRank ?? int.MaxValue;
        Observed = AssignmentObservation.Present;
        DescribedUntil = AssignmentMark.UntilOf(found.Description);
        SeenAt = now;
        DueAt = now;
        DueToEnd = true;
    }

    /// <summary>The assignment's name in the cloud, and the key here.</summary>
    public Guid Id { get; private set; }

    /// <summary>How it reaches the cloud.</summary>
    public GrantProvider Provider { get; private set; }

    /// <summary>The group of a membership; null for anything else.</summary>
    public Guid? GroupId { get; private set; }

    /// <summary>When a read showed that nobody had put the principal into the group, just before the portal announced that it would. Null when somebody else did, and where a mark tells what is the portal's.</summary>
    public DateTimeOffset? FreeSeenAt { get; private set; }

    /// <summary>The ARM id of the vault or secret; of a membership, its group.</summary>
    public string Scope { get; private set; } = "";

    /// <summary>The subscription that the calls count against; <see cref="GraphLane"/> where they count against none.</summary>
    public string SubscriptionId { get; private set; } = "";

    /// <summary>The principal's tenant.</summary>
    public Guid PrincipalTenantId { get; private set; }

    /// <summary>The principal's object id.</summary>
    public Guid PrincipalObjectId { get; private set; }

    /// <summary>What kind of object the principal is.</summary>
    public PrincipalKind PrincipalKind { get; private set; }

    /// <summary>The role definition's GUID; empty for a membership, which gives whatever its group holds.</summary>
    public Guid RoleDefinitionId { get; private set; }

    /// <summary>Higher is done first.</summary>
    public int PrivilegeRank { get; private set; }

    /// <summary>Until when it is to be there: the latest end of the live grants that need it; null when it is to be absent.</summary>
    public DateTimeOffset? WantedUntil { get; private set; }

    /// <summary>What is there by what the provider last confirmed, or by what a later read showed.</summary>
    public AssignmentObservation Observed { get; private set; }

    /// <summary>The expiry that the assignment's description carries; null when it is not there, or the description is not ours any more.</summary>
    public DateTimeOffset? DescribedUntil { get; private set; }

    /// <summary>Since when the provider has confirmed what is <see cref="Observed"/>; null when it has not.</summary>
    public DateTimeOffset? WrittenAt { get; private set; }

    /// <summary>When a read first showed what was written, there or gone; null while none did.</summary>
    public DateTimeOffset? SeenAt { get; private set; }

    /// <summary>When to write it once more if no read has shown it by then; null once one has.</summary>
    public DateTimeOffset? WriteAgainAt { get; private set; }

    /// <summary>When to read it again; null when nothing asks for it.</summary>
    public DateTimeOffset? LookDueAt { get; private set; }

    /// <summary>When a call was given up whose outcome never became known, or one was taken back before it had ever shown: it may show late and undo what was written after it. Null when none can any more.</summary>
    public DateTimeOffset? LostCallAt { get; private set; }

    /// <summary>Whether it is taken for absent only by a read that is not to be relied on, and no removal of ours was confirmed: no end rests on that.</summary>
    public bool MayBeThere => this is { Observed: AssignmentObservation.Absent, LostCallAt: not null, WrittenAt: null };

    /// <summary>When it was first asked in vain who may have the role, null when the last question was answered.</summary>
    public DateTimeOffset? UnansweredSince { get; private set; }

    /// <summary>The announced call.</summary>
    public AssignmentIntent Intent { get; private set; }

    /// <summary>When it was announced.</summary>
    public DateTimeOffset? IntentAt { get; private set; }

    /// <summary>When there is something to do; null when nothing is foreseen.</summary>
    public DateTimeOffset? DueAt { get; private set; }

    /// <summary>Whether what it is due for may take access away: such rows go ahead of those that only give.</summary>
    public bool DueToEnd { get; private set; }

    /// <summary>Until when a worker holds the row; null when none does.</summary>
    public DateTimeOffset? LeaseUntil { get; private set; }

    /// <summary>The number of the claim: an outcome is saved only under the number that claimed it.</summary>
    public long Fence { get; private set; }

    /// <summary>Failed calls in a row, counted anew when access is to be taken away that was to be given.</summary>
    public int Attempts { get; private set; }

    /// <summary>When the failures began; null when the last call went well.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    /// <summary>The provider's code of the last failure; null when the last call went well.</summary>
    public string? FaultCode { get; private set; }

    /// <summary>The provider's text of the last failure.</summary>
    public string? FaultMessage { get; private set; }

    /// <summary>Counts the changes; a save that saw an older number does not go through.</summary>
    public int Revision { get; private set; }

    // Something may stand that nobody is known to need.
    private bool MayHaveToGo => WantedUntil is null && Observed is AssignmentObservation.Present or AssignmentObservation.Unknown;

    /// <summary>The principal.</summary>
    public PrincipalId Principal => new(PrincipalTenantId, PrincipalObjectId);

    /// <summary>What it stands for in the cloud.</summary>
    public AssignmentTarget Target => new(Scope, Id, PrincipalObjectId, PrincipalKind, RoleDefinitionId, GroupId);

    /// <summary>Whether what is there cannot be told from somebody else's, so that nothing may be called before it has been looked at. There is no mark on a membership: what was there before is not the portal's.</summary>
    public bool LooksFirst => Provider == GrantProvider.GroupMembership && FreeSeenAt is null;

    /// <summary>Whether what is <see cref="Observed"/> was confirmed so short a time ago that reads may not show it yet.</summary>
    /// <remarks>What was written by a clock that has been set back since says nothing of how long ago that was: to wait until its time comes round could be a day.</remarks>
    /// <param name="time">How long.</param>
    /// <param name="now">The instant.</param>
    public bool WasWrittenWithin(TimeSpan time, DateTimeOffset now) => now - WrittenAt is { } age && age >= -ClockWatch.Tolerance && age < time;

    /// <summary>Whether the put that is announced is the first since it was seen that nobody is in: before it is carried out, nothing there can be the portal's.</summary>
    public bool IsFirstPut => Intent == AssignmentIntent.Put && FreeSeenAt is not null && FreeSeenAt == IntentAt;

    /// <summary>Notes, with the announcement that follows, that nobody is in the group: what shows there from now on is the portal's.</summary>
    public void NoteFree(DateTimeOffset now) => FreeSeenAt = now;

    /// <summary>Something about its grants changed: look at it no later than then.</summary>
    /// <param name="when">When to look.</param>
    /// <param name="toEnd">False only when nothing but giving access, or looking, can be due then.</param>
    public void LookAt(DateTimeOffset when, bool toEnd = true)
    {
        if (DueAt is null || when < DueAt)
            // What was to be taken away and failed, or waits for an answer, is not forgotten over it.
            (DueAt, DueToEnd) = (when, toEnd || MayHaveToGo || (DueToEnd && FailingSince is not null));
        else
            // Due no later as it is: what may now take access away does not wait among what only gives it.
            DueToEnd |= toEnd;
        Revision++;
    }

    /// <summary>Somebody saw the cloud differ from what this row says, or a call of ours arrived late: look there now and put it right.</summary>
    /// <remarks>What was seen is not taken over: a list can be minutes old, so the turn that this asks for reads and judges for itself.</remarks>
    /// <param name="now">The instant.</param>
    /// <param name="lateCall">True when a call of ours got through that nobody may save the outcome of.</param>
    /// <param name="putAt">When a call of ours was announced that may have put there what stands there now: where nothing tells whose it is, it is ours. Null when none may have.</param>
    /// <param name="toEnd">False when it is only looked at; what has to be taken away is found by that.</param>
    public void Doubt(DateTimeOffset now, bool lateCall = false, DateTimeOffset? putAt = null, bool toEnd = true)
    {
        // Whether somebody else still holds the trio shows only when we try again.
        if (Observed == AssignmentObservation.HeldByAnother)
        {
            Observed = AssignmentObservation.Unknown;
            // As any announced call whose outcome is not known: if nobody needs the role, it is swept, and that is recorded.
            if (putAt is not null)
                (Intent, IntentAt) = (AssignmentIntent.Put, now);
        }

        if (lateCall)
            LostCallAt = now;
        if (putAt is not null && Provider == GrantProvider.GroupMembership)
            FreeSeenAt = putAt;
        LookDueAt = now;
        LookAt(now, toEnd);
    }

    /// <summary>Takes the row for a worker, as each database's own statement does (<see cref="Claims.IDueWork"/>).</summary>
    public void Claim(DateTimeOffset leaseUntil)
    {
        Fence++;
        LeaseUntil = leaseUntil;
        Revision++;
    }

    /// <summary>It is as it should be. Stepped all the same, so that a commit of its own comes after the one that made it so, whose answer never came.</summary>
    public void Confirm() => Revision++;

    /// <summary>Announces a call, before it is made. From here on the assignment may be there.</summary>
    /// <param name="intent">The call.</param>
    /// <param name="wantedUntil">Until when the assignment is to be there; null for absent.</param>
    /// <param name="now">The instant.</param>
    /// <param name="begins">Whether it is the first call by which some grant's access is taken back.</param>
    public void Announce(AssignmentIntent intent, DateTimeOffset? wantedUntil, DateTimeOffset now, bool begins = false)
    {
        // What has not shown yet is not found by a call that looks for it first, and may show after it.
        var unseen = intent == AssignmentIntent.Delete && Observed == AssignmentObservation.Present && WrittenAt is not null && SeenAt is null;
        var sameAgain = intent == AssignmentIntent.Put
            ? Observed == AssignmentObservation.Present && DescribedUntil == wantedUntil
            : Observed == AssignmentObservation.Absent;
        if (!sameAgain)
            WrittenAt = null;
        // What kept access from being given says nothing of taking it away, which is tried again as soon as after a first failure.
        if (intent == AssignmentIntent.Delete && (begins || Observed == AssignmentObservation.Present || Intent == AssignmentIntent.Put || WantedUntil is not null))
            Attempts = 0;
        // The one before was never answered, or its answer never saved.
        if (Intent != AssignmentIntent.None || unseen)
            LostCallAt = now;
        // Nothing is put without an answer.
        if (intent == AssignmentIntent.Put)
            UnansweredSince = null;
        Intent = intent;
        IntentAt = now;
        WantedUntil = wantedUntil;
        Observed = AssignmentObservation.Unknown;
        SeenAt = null;
        WriteAgainAt = null;
        LookDueAt = null;
        Revision++;
    }

    /// <summary>Gives the row back.</summary>
    /// <param name="wantedUntil">Until when the assignment is to be there; null for absent.</param>
    /// <param name="dueAt">When to look again; null when nothing is foreseen.</param>
    /// <param name="toEnd">False only when nothing but giving access, or looking, can be due then.</param>
    public void Release(DateTimeOffset? wantedUntil, DateTimeOffset? dueAt, bool toEnd = true)
    {
        WantedUntil = wantedUntil;
        DueAt = dueAt;
        DueToEnd = (toEnd || MayHaveToGo) && dueAt is not null;
        LeaseUntil = null;
        Revision++;
    }
}
