namespace Portal.Sandbox.ResourceManager;

/// <summary>A role assignment came, was written anew, or went.</summary>
/// <param name="At">When, by the sandbox's clock.</param>
/// <param name="Kind">Which of the three.</param>
/// <param name="Assignment">As it stands since then; for a removal, as it stood.</param>
public sealed record AssignmentChange(DateTimeOffset At, AssignmentChangeKind Kind, RoleAssignment Assignment);

/// <summary>What happened to a role assignment.</summary>
public enum AssignmentChangeKind
{
    /// <summary>It is new.</summary>
    Made,

    /// <summary>It stood already and was written again under its name.</summary>
    Rewritten,

    /// <summary>It is gone.</summary>
    Removed,
}
