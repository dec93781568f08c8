namespace Portal.Core.Grants;

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
