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
