namespace Portal.Core.Grants;

/// <summary>Which grants may be given now.</summary>
/// <param name="Cleared">Those that may.</param>
/// <param name="HeldBack">Those that may not, and why. They are looked at again until their end.</param>
public sealed record Clearance(IReadOnlySet<Guid> Cleared, IReadOnlyDictionary<Guid, CloudCallException> HeldBack)
{
    /// <summary>Nothing was to be cleared.</summary>
    public static Clearance Nothing { get; } = new(new HashSet<Guid>(), new Dictionary<Guid, CloudCallException>());

    /// <summary>When the questions were asked; null when there were none.</summary>
    public DateTimeOffset? AskedAt { get; init; }

    /// <summary>What a look before the first call showed; null when there was none.</summary>
    public FirstLook? First { get; init; }

    /// <summary>Whether a grant counts: it is active, or it may be given, and it is not held back.</summary>
    public bool Counts(Grant grant) => !HeldBack.ContainsKey(grant.Id) && (grant.State == GrantState.Active || Cleared.Contains(grant.Id));
}

/// <summary>What a look showed before the first call about a membership, or before a schedule takes the place of somebody else's.</summary>
public enum FirstLook
{
    /// <summary>Nobody has put the principal in; nobody else's schedule is there.</summary>
    Free,

    /// <summary>Somebody else has, or theirs is; or there is nothing of the portal's to take.</summary>
    Held,
}
