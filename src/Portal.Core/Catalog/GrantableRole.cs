namespace Portal.Core.Catalog;

/// <summary>A role that the portal may ever grant. The list is closed: a policy can narrow it and nothing can widen it.</summary>
/// <param name="DefinitionId">The built-in role definition's GUID, the same in every tenant.</param>
/// <param name="Name">Its name in Azure.</param>
/// <param name="PrivilegeRank">Higher takes away first; 0 reads metadata only.</param>
/// <param name="ReadsValues">Whether it opens secret values.</param>
/// <remarks>GUIDs: Microsoft Learn, "Azure built-in roles for Security".</remarks>
public sealed record GrantableRole(Guid DefinitionId, string Name, int PrivilegeRank, bool ReadsValues)
{
    /// <summary>Reads secret values.</summary>
    public static GrantableRole SecretsUser { get; } = new(new Guid("4633458b-17de-408a-b874-0445c86b69e6"), "Key Vault Secrets User", 1, true);

    /// <summary>Reads, sets and deletes secrets.</summary>
    public static GrantableRole SecretsOfficer { get; } = new(new Guid("b86a8fe4-44ce-4948-aee5-eccb2c155cd7"), "Key Vault Secrets Officer", 2, true);

    /// <summary>Reads names and metadata, never values.</summary>
    public static GrantableRole Reader { get; } = new(new Guid("21090545-7ca7-4776-b22c-e363652d74d2"), "Key Vault Reader", 0, false);

    /// <summary>All of them, the least privileged first.</summary>
    public static IReadOnlyList<GrantableRole> All { get; } = [Reader, SecretsUser, SecretsOfficer];

    /// <summary>Finds a grantable role by its GUID.</summary>
    /// <returns>Null for every other role: Owner, Key Vault Contributor and the like are never granted.</returns>
    public static GrantableRole? Find(Guid definitionId) => All.FirstOrDefault(r => r.DefinitionId == definitionId);

    /// <summary>Finds a grantable role by its name.</summary>
    /// <returns>Null for every other role.</returns>
    public static GrantableRole? Find(string name) => All.FirstOrDefault(r => r.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
