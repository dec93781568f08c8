namespace Portal.Core.Grants;

/// <summary>The states of a grant, in the order in which it passes them.</summary>
public enum GrantState
{
    /// <summary>Promised; its time has not come, or the worker has not.</summary>
    Scheduled,

    /// <summary>The portal is giving the role.</summary>
    Provisioning,

    /// <summary>The role is given.</summary>
    Active,

    /// <summary>The portal is taking the role back.</summary>
    Revoking,

    /// <summary>Over.</summary>
    Ended,
}

/// <summary>How a grant ended.</summary>
public enum GrantEnding
{
    /// <summary>By time.</summary>
    Expired,

    /// <summary>By someone: its holder gave it back, or an administrator took it.</summary>
    Revoked,
}
