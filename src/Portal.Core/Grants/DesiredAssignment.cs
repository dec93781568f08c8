using Portal.Core.Catalog;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>What the portal last knew of an assignment in the cloud.</summary>
public enum AssignmentObservation
{
    /// <summary>Not there.</summary>
    Absent,

    /// <summary>A call was announced and its outcome is not known: it may be there.</summary>
    Unknown,

    /// <summary>There, and ours.</summary>
    Present,

    /// <summary>The trio is held by an assignment that is not ours.</summary>
    HeldByAnother,
}

/// <summary>The call that was announced before it was made.</summary>
public enum AssignmentIntent
{
    /// <summary>None is under way.</summary>
    None,

    /// <summary>To put the assignment there.</summary>
    Put,

    /// <summary>To remove it.</summary>
    Delete,
}

/// <summary>One row per (scope, principal, role): what we want there, what we last saw, and who is working on it. Every grant of the trio shares it.</summary>
public sealed class DesiredAssignment
{
    private DesiredAssignment()
    {
    }

    /// <summary>Makes the row for a trio.</summary>
    public DesiredAssignment(Grant grant)
    {
        Id = grant.AssignmentId;
        Scope = grant.Scope;
        SubscriptionId = ArmId.SubscriptionOf(grant.Scope);
        PrincipalTenantId = grant.PrincipalTenantId;
        PrincipalObjectId = grant.PrincipalObjectId;
        RoleDefinitionId = grant.RoleDefinitionId;
        PrivilegeRank = GrantableRole.Find(grant.RoleDefinitionId)?.PrivilegeRank ?? int.MaxValue;
        DueAt = grant.StartsAt;
    }

    /// <summary>The assignment's name in the cloud, and the key here.</summary>
    public Guid Id { get; private set; }

    /// <summary>The ARM id of the vault or secret.</summary>
    public string Scope { get; private set; } = "";

    /// <summary>The subscription that the calls count against.</summary>
    public string SubscriptionId { get; private set; } = "";

    /// <summary>The principal's tenant.</summary>
    public Guid PrincipalTenantId { get; private set; }

    /// <summary>The principal's object id.</summary>
    public Guid PrincipalObjectId { get; private set; }

    /// <summary>What kind of object the principal is.</summary>
    public PrincipalKind PrincipalKind { get; private set; }

    /// <summary>The role definition's GUID.</summary>
    public Guid RoleDefinitionId { get; private set; }

    /// <summary>Higher is done first.</summary>
    public int PrivilegeRank { get; private set; }

    /// <summary>Until when it is to be there: the latest end of the live grants that need it; null when it is to be absent.</summary>
    public DateTimeOffset? WantedUntil { get; private set; }

    /// <summary>What was last seen in the cloud.</summary>
    public AssignmentObservation Observed { get; private set; }

    /// <summary>The expiry that the assignment's description carries; null when it is not there.</summary>
    public DateTimeOffset? DescribedUntil { get; private set; }

    /// <summary>The announced call.</summary>
    public AssignmentIntent Intent { get; private set; }

    /// <summary>When it was announced.</summary>
    public DateTimeOffset? IntentAt { get; private set; }

    /// <summary>When there is something to do; null when nothing is foreseen.</summary>
    public DateTimeOffset? DueAt { get; private set; }

    /// <summary>Until when a worker holds the row; null when none does.</summary>
    public DateTimeOffset? LeaseUntil { get; private set; }

    /// <summary>The number of the claim: an outcome is saved only under the number that claimed it.</summary>
    public long Fence { get; private set; }

    /// <summary>Failed calls in a row.</summary>
    public int Attempts { get; private set; }

    /// <summary>When the failures began; null when the last call went well.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    /// <summary>The provider's code of the last failure; null when the last call went well.</summary>
    public string? FaultCode { get; private set; }

    /// <summary>The provider's text of the last failure.</summary>
    public string? FaultMessage { get; private set; }

    /// <summary>Counts the changes; a save that saw an older number does not go through.</summary>
    public int Revision { get; private set; }

    /// <summary>The principal.</summary>
    public PrincipalId Principal => new(PrincipalTenantId, PrincipalObjectId);

    /// <summary>Something about its grants changed: look at it no later than then.</summary>
    public void LookAt(DateTimeOffset when)
    {
        if (DueAt is null || when < DueAt)
            DueAt = when;
        Revision++;
    }

    /// <summary>Takes the row for a worker.</summary>
    public void Claim(DateTimeOffset leaseUntil)
    {
        Fence++;
        LeaseUntil = leaseUntil;
        Revision++;
    }

    /// <summary>Announces a call, before it is made. From here on the assignment may be there.</summary>
    public void Announce(AssignmentIntent intent, DateTimeOffset? wantedUntil, DateTimeOffset now)
    {
        Intent = intent;
        IntentAt = now;
        WantedUntil = wantedUntil;
        Observed = AssignmentObservation.Unknown;
        Revision++;
    }

    /// <summary>Notes what is there after a call that went well.</summary>
    public void Observe(AssignmentObservation observed, DateTimeOffset? describedUntil)
    {
        Observed = observed;
        DescribedUntil = describedUntil;
        Intent = AssignmentIntent.None;
        IntentAt = null;
        Attempts = 0;
        FailingSince = null;
        FaultCode = null;
        FaultMessage = null;
        Revision++;
    }

    /// <summary>Notes a call that failed. What is there stays unknown.</summary>
    public void Fail(string code, string message, DateTimeOffset now)
    {
        Attempts++;
        FailingSince ??= now;
        FaultCode = code;
        FaultMessage = message;
        Revision++;
    }

    /// <summary>Gives the row back.</summary>
    public void Release(DateTimeOffset? wantedUntil, DateTimeOffset? dueAt)
    {
        WantedUntil = wantedUntil;
        DueAt = dueAt;
        LeaseUntil = null;
        Revision++;
    }
}
