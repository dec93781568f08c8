namespace Portal.Core.Identity;

/// <summary>What kind of actor does something.</summary>
public enum ActorKind
{
    /// <summary>A person who is signed in.</summary>
    Person,

    /// <summary>An application or an agent with its own identity.</summary>
    Workload,

    /// <summary>The portal itself: expiry, lapse, catalog sync.</summary>
    System,
}

/// <summary>From where an actor acts.</summary>
/// <param name="Address">The client's address as the portal saw it; null for the system.</param>
/// <param name="UserAgent">What the client says it is, cut to 256 characters; null when it says nothing.</param>
public sealed record ClientInfo(string? Address, string? UserAgent);

/// <summary>Who acts now. Made afresh for each command; passed into every use case and checked there.</summary>
/// <param name="Kind">Person, workload or system.</param>
/// <param name="Id">Who it is; null for the system.</param>
/// <param name="DisplayName">The name as seen now; copied into the audit trail.</param>
/// <param name="UserPrincipalName">For display; null for what is not a person.</param>
/// <param name="Roles">The portal roles that the actor has now.</param>
/// <param name="Groups">Object ids of the groups that the actor is in now.</param>
public sealed record Actor(
    ActorKind Kind,
    PrincipalId? Id,
    string DisplayName,
    string? UserPrincipalName,
    IReadOnlySet<PortalRole> Roles,
    IReadOnlySet<Guid> Groups)
{
    /// <summary>False when the account is disabled or gone: such an actor may do nothing.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>True when the directory confirmed roles and groups for this very command; false when it could not be asked and the token had to do. What widens access needs true.</summary>
    public bool Confirmed { get; init; }

    /// <summary>For whom the actor acts, where it is not for itself.</summary>
    public PrincipalId? OnBehalfOf { get; init; }

    /// <summary>Their name as seen now; null where the actor acts for itself.</summary>
    public string? OnBehalfOfName { get; init; }

    /// <summary>From where.</summary>
    public ClientInfo Client { get; init; } = new(null, null);

    /// <summary>Ties together what one command causes; the trace id where there is one.</summary>
    public string CorrelationId { get; init; } = Guid.NewGuid().ToString("N");

    /// <summary>The portal itself.</summary>
    public static Actor System { get; } = new(ActorKind.System, null, "system", null, new HashSet<PortalRole>(), new HashSet<Guid>()) { Confirmed = true };

    /// <summary>Whether the actor has a role now.</summary>
    public bool Has(PortalRole role) => Enabled && Roles.Contains(role);

    /// <summary>Whether the actor is this principal.</summary>
    public bool Is(PrincipalId principal) => Id == principal;

    /// <summary>Refuses an actor that has none of these roles.</summary>
    /// <returns>Null when the actor may go on.</returns>
    public Refusal? LacksAllOf(params ReadOnlySpan<PortalRole> roles)
    {
        if (!Enabled || (Kind == ActorKind.Person && Roles.Count == 0))
            return new Refusal(RefusalCode.SignedOut);
        foreach (var role in roles)
            if (Roles.Contains(role))
                return null;
        return new Refusal(RefusalCode.RoleMissing, null, string.Join(", ", roles.ToArray()));
    }

    /// <summary>Refuses an actor who is not signed in with any role of the portal.</summary>
    /// <returns>Null when the actor may go on.</returns>
    public Refusal? IsNobody() => LacksAllOf(Enum.GetValues<PortalRole>());

    /// <summary>Refuses an actor whose standing the directory did not confirm: what widens access, and what would be answered by their groups.</summary>
    /// <returns>Null when the actor may go on.</returns>
    public Refusal? IsUnconfirmed() => Confirmed ? null : new Refusal(RefusalCode.StandingUnknown);

    /// <summary>Refuses anyone but the portal itself.</summary>
    /// <returns>Null when the actor may go on.</returns>
    public Refusal? IsNotSystem() => Kind == ActorKind.System ? null : new Refusal(RefusalCode.RoleMissing, null, "system");
}
