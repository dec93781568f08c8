namespace Portal.Core.Catalog;

/// <summary>A role that the portal may ever grant. The list is closed: a policy can narrow it and nothing can widen it.</summary>
/// <param name="DefinitionId">The built-in role definition's GUID, the same in every tenant.</param>
/// <param name="Name">Its name in Azure.</param>
/// <param name="PrivilegeRank">Higher takes away first; 0 reads metadata only.</param>
/// <param name="ReadsValues">Whether it opens secret values.</param>
/// <remarks>GUIDs and actions: Microsoft Learn, "Azure built-in roles for Security".</remarks>
public sealed record GrantableRole(Guid DefinitionId, string Name, int PrivilegeRank, bool ReadsValues)
{
    private static readonly string[] Managing =
    [
        "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
        "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read", "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/operations/read",
    ];

    /// <summary>Reads secret values.</summary>
    public static GrantableRole SecretsUser { get; } = new(new Guid("4633458b-17de-408a-b874-0445c86b69e6"), "Key Vault Secrets User", 1, true)
    {
        DataActions = ["Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"],
    };

    /// <summary>Reads, sets and deletes secrets.</summary>
    public static GrantableRole SecretsOfficer { get; } = new(new Guid("b86a8fe4-44ce-4948-aee5-eccb2c155cd7"), "Key Vault Secrets Officer", 2, true)
    {
        Actions = Managing,
        DataActions = ["Microsoft.KeyVault/vaults/secrets/*"],
    };

    /// <summary>Reads names and metadata, never values.</summary>
    public static GrantableRole Reader { get; } = new(new Guid("21090545-7ca7-4776-b22c-e363652d74d2"), "Key Vault Reader", 0, false)
    {
        Actions = Managing,
        DataActions = ["Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"],
    };

    /// <summary>All of them, the least privileged first.</summary>
    public static IReadOnlyList<GrantableRole> All { get; } = [Reader, SecretsUser, SecretsOfficer];

    /// <summary>What it may allow on resources, as patterns; more than that and it is not the role that is known here.</summary>
    public IReadOnlyList<string> Actions { get; private init; } = [];

    /// <summary>What it may allow on data, as patterns.</summary>
    public IReadOnlyList<string> DataActions { get; private init; } = [];

    /// <summary>The first action that a role definition allows and this role is not known for.</summary>
    /// <returns>Null when it allows nothing beyond; less is no harm.</returns>
    public string? FirstBeyond(RoleSeen seen) =>
        seen.Actions.FirstOrDefault(a => !Covered(Actions, a)) ?? seen.DataActions.FirstOrDefault(a => !Covered(DataActions, a));

    // A star in what was seen has to be covered by a star of ours, which matches it as it matches any character.
    private static bool Covered(IReadOnlyList<string> known, string action) =>
        known.Any(pattern => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, action, ignoreCase: true));

    /// <summary>Finds a grantable role by its GUID.</summary>
    /// <returns>Null for every other role: Owner, Key Vault Contributor and the like are never granted.</returns>
    public static GrantableRole? Find(Guid definitionId) => All.FirstOrDefault(r => r.DefinitionId == definitionId);

    /// <summary>Finds a grantable role by its name.</summary>
    /// <returns>Null for every other role.</returns>
    public static GrantableRole? Find(string name) => All.FirstOrDefault(r => r.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
