namespace Portal.Sandbox.Company;

/// <summary>Something in the directory that has an object id.</summary>
/// <param name="Id">Object id.</param>
/// <param name="DisplayName">Name for display.</param>
public abstract record DirectoryObject(Guid Id, string DisplayName);

/// <summary>A person's account.</summary>
/// <param name="Id">Object id.</param>
/// <param name="DisplayName">Full name.</param>
/// <param name="UserPrincipalName">Sign-in name, also the mail address.</param>
/// <param name="JobTitle">For display.</param>
/// <param name="Department">For display.</param>
public sealed record DirectoryUser(Guid Id, string DisplayName, string UserPrincipalName, string JobTitle, string Department) : DirectoryObject(Id, DisplayName)
{
    /// <summary>A disabled account can neither sign in nor refresh; tokens that are out stay valid until they expire, as in Entra ID.</summary>
    public bool AccountEnabled { get; init; } = true;

    /// <summary>The line on the sign-in page that says who this is; null keeps the person off that page.</summary>
    public string? Introduction { get; init; }

    /// <summary>First name.</summary>
    public string GivenName => DisplayName[..DisplayName.IndexOf(' ', StringComparison.Ordinal)];

    /// <summary>Last name.</summary>
    public string Surname => DisplayName[(DisplayName.IndexOf(' ', StringComparison.Ordinal) + 1)..];
}

/// <summary>A security group. Groups can be members of groups.</summary>
/// <param name="Id">Object id.</param>
/// <param name="DisplayName">Name for display.</param>
/// <param name="Description">What it is for.</param>
public sealed record DirectoryGroup(Guid Id, string DisplayName, string Description) : DirectoryObject(Id, DisplayName);

/// <summary>An application's presence in the tenant.</summary>
/// <param name="Id">Object id of the service principal.</param>
/// <param name="DisplayName">Name for display.</param>
/// <param name="AppId">Application (client) id.</param>
public sealed record DirectoryServicePrincipal(Guid Id, string DisplayName, Guid AppId) : DirectoryObject(Id, DisplayName)
{
    /// <summary>The roles that this application offers.</summary>
    public IReadOnlyList<AppRole> AppRoles { get; init; } = [];

    /// <summary>Delegated permissions of this application's own API, asked for as <c>api://{AppId}/{scope}</c>.</summary>
    public IReadOnlyList<string> ApiScopes { get; init; } = [];

    /// <summary>Delegated Graph permissions that the company has consented to for this application.</summary>
    public IReadOnlyList<string> GraphScopes { get; init; } = [];

    /// <summary>Graph application permissions that the company has consented to for this application.</summary>
    public IReadOnlyList<string> GraphRoles { get; init; } = [];
}

/// <summary>A role that an application offers.</summary>
/// <param name="Id">The role's id.</param>
/// <param name="Value">What stands in the <c>roles</c> claim.</param>
/// <param name="Description">What its holder may do.</param>
public sealed record AppRole(Guid Id, string Value, string Description);

/// <summary>An application's role given to a user, a group or a service principal.</summary>
/// <param name="Id">The assignment's id.</param>
/// <param name="PrincipalId">Who holds it.</param>
/// <param name="ResourceId">Object id of the service principal that offers the role.</param>
/// <param name="AppRoleId">The role.</param>
public sealed record AppRoleAssignment(Guid Id, Guid PrincipalId, Guid ResourceId, Guid AppRoleId);
