namespace Portal.Core.Grants;

/// <summary>What a read of our assignment showed.</summary>
public enum ReadingKind
{
    /// <summary>It could not be read.</summary>
    Failed,

    /// <summary>Not there.</summary>
    Missing,

    /// <summary>There, as it was ordered.</summary>
    AsOrdered,

    /// <summary>There under our name, with another description, a condition, or for somebody or something else than was ordered.</summary>
    Altered,
}

/// <summary>A read of our assignment.</summary>
/// <param name="Kind">What it showed.</param>
/// <param name="Fault">Why it could not be read; null when it could.</param>
public sealed record AssignmentReading(ReadingKind Kind, CloudCallException? Fault = null)
{
    /// <summary>Whether a membership is missing because its group was not found, also not among the deleted ones. A directory that has not heard of the deletion everywhere answers so too, and whoever restores the group brings the membership back.</summary>
    public bool WithoutGroup { get; init; }

    /// <summary>Whether somebody else's is there, and nothing of the portal's, nor a request of its own that may still bring it. Told only where something tells the two apart, to whoever asks for what is to be absent.</summary>
    public bool IsAnothers { get; init; }

    /// <summary>Compares what is there with what the row ordered.</summary>
    /// <param name="seen">What the cloud shows under our name; null for nothing.</param>
    /// <param name="target">What was ordered.</param>
    /// <param name="describedUntil">The expiry that its description is to carry; null when it is to be absent.</param>
    public static AssignmentReading Of(AssignmentSeen? seen, AssignmentTarget target, DateTimeOffset? describedUntil)
    {
        if (seen is null)
            return new AssignmentReading(ReadingKind.Missing);
        var asOrdered = seen.PrincipalId == target.PrincipalId
            && seen.RoleDefinitionId == target.RoleDefinitionId
            && string.IsNullOrEmpty(seen.Condition)
            && describedUntil is { } until && seen.Description == AssignmentMark.For(until);
        return new AssignmentReading(asOrdered ? ReadingKind.AsOrdered : ReadingKind.Altered);
    }
}
