namespace Portal.Core.Identity;

/// <summary>Someone the portal has seen, by the name they last had: what a person's name is looked up by in filters.</summary>
public sealed class Person
{
    private Person()
    {
    }

    /// <summary>Notes someone.</summary>
    public Person(PrincipalId id, string displayName, string? userPrincipalName, DateTimeOffset now)
    {
        TenantId = id.TenantId;
        ObjectId = id.ObjectId;
        See(displayName, userPrincipalName, now);
    }

    /// <summary>The tenant.</summary>
    public Guid TenantId { get; private set; }

    /// <summary>The object id.</summary>
    public Guid ObjectId { get; private set; }

    /// <summary>The name last seen.</summary>
    public string DisplayName { get; private set; } = "";

    /// <summary>The UPN last seen.</summary>
    public string? UserPrincipalName { get; private set; }

    /// <summary>Name and UPN in lower case: what a search looks through.</summary>
    public string SearchText { get; private set; } = "";

    /// <summary>When they were last seen.</summary>
    public DateTimeOffset SeenAt { get; private set; }

    /// <summary>Takes over the names as they are now.</summary>
    public void See(string displayName, string? userPrincipalName, DateTimeOffset now)
    {
        DisplayName = displayName;
        UserPrincipalName = userPrincipalName;
        SearchText = $"{displayName} {userPrincipalName}".ToLowerInvariant();
        SeenAt = now;
    }
}
