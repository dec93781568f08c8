namespace Portal.Core.Identity;

/// <summary>The seam to the directory (Entra ID). Implementations throw <see cref="CloudCallException"/> when it cannot be asked.</summary>
public interface IDirectory
{
    /// <summary>What a person may do now: not what their token said when they signed in.</summary>
    /// <returns>The standing; one that is not enabled when the account is disabled or gone.</returns>
    Task<Standing> StandingOfAsync(PrincipalId person, CancellationToken ct);

    /// <summary>Looks a principal up.</summary>
    /// <returns>Null when the directory has no such object.</returns>
    Task<DirectoryPrincipal?> FindAsync(PrincipalId principal, CancellationToken ct);
}

/// <summary>What the directory says of a person at one instant.</summary>
/// <param name="Enabled">False when the account is disabled or does not exist any more.</param>
/// <param name="Roles">The portal's app roles, given directly or through a group.</param>
/// <param name="Groups">Object ids of all groups the person is in, nested ones too.</param>
public sealed record Standing(bool Enabled, IReadOnlySet<PortalRole> Roles, IReadOnlySet<Guid> Groups)
{
    /// <summary>An account that may do nothing.</summary>
    public static Standing None { get; } = new(false, new HashSet<PortalRole>(), new HashSet<Guid>());
}

/// <summary>A directory object as shown to people.</summary>
/// <param name="Id">Who it is.</param>
/// <param name="Kind">What kind of object.</param>
/// <param name="DisplayName">For display only.</param>
/// <param name="UserPrincipalName">For display only; null for what is not a person.</param>
/// <param name="Enabled">False when the account is disabled.</param>
public sealed record DirectoryPrincipal(PrincipalId Id, PrincipalKind Kind, string DisplayName, string? UserPrincipalName, bool Enabled);
