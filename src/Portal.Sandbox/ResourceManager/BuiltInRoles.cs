using System.Collections.Immutable;

namespace Portal.Sandbox.ResourceManager;

/// <summary>Azure's own roles, as far as the sandbox knows them. GUIDs are those of the real cloud.</summary>
public static class BuiltInRoles
{
    /// <summary>Everything, including giving access.</summary>
    public static readonly Guid Owner = new("8e3af657-a8ff-443c-a75c-2fe8c4bcb635");

    /// <summary>Everything but giving access.</summary>
    public static readonly Guid Contributor = new("b24988ac-6180-42a0-ab88-20f7382dd24c");

    /// <summary>Sees all resources, no data.</summary>
    public static readonly Guid Reader = new("acdd72a7-3385-48ef-bd42-f606fba81ae7");

    /// <summary>Gives access of any kind.</summary>
    public static readonly Guid UserAccessAdministrator = new("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9");

    /// <summary>Gives access of any kind, and nothing else.</summary>
    public static readonly Guid RoleBasedAccessControlAdministrator = new("f58310d9-a9f6-439a-9e8d-f62e7b41a168");

    /// <summary>Manages vaults, not their data.</summary>
    public static readonly Guid KeyVaultContributor = new("f25e0fa2-a7c8-4377-a976-54943a77a395");

    /// <summary>All data of a vault.</summary>
    public static readonly Guid KeyVaultAdministrator = new("00482a5a-887f-4fb3-b363-3b7fe8e74483");

    /// <summary>Metadata of a vault's data.</summary>
    public static readonly Guid KeyVaultReader = new("21090545-7ca7-4776-b22c-e363652d74d2");

    /// <summary>Everything with secrets.</summary>
    public static readonly Guid KeyVaultSecretsOfficer = new("b86a8fe4-44ce-4948-aee5-eccb2c155cd7");

    /// <summary>Reads values of secrets.</summary>
    public static readonly Guid KeyVaultSecretsUser = new("4633458b-17de-408a-b874-0445c86b69e6");

    /// <summary>Gives and takes Key Vault's data roles.</summary>
    public static readonly Guid KeyVaultDataAccessAdministrator = new("8b54135c-b56d-4d72-a534-26097cfdc8d8");

    /// <summary>Reads, adds, changes and deletes blobs, as far as a container's policies let it.</summary>
    public static readonly Guid StorageBlobDataContributor = new("ba92f5b4-2d11-453d-a403-e96b0029c9fe");

    /// <summary>Reads blobs.</summary>
    public static readonly Guid StorageBlobDataReader = new("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1");

    // The eight that Key Vault Data Access Administrator may give: Administrator, Certificates Officer, Crypto Officer,
    // Crypto Service Encryption User, Crypto User, Reader, Secrets Officer, Secrets User.
    private const string DataRoles = "{00482a5a-887f-4fb3-b363-3b7fe8e74483, a4417e6f-fecd-4de8-b567-7b0420556985, 14b46e9e-c2b7-41b4-b07b-48a6ebf60603, "
        + "e147488a-f6f5-4113-8e2d-b22465e65bf6, 12338af0-0e69-4776-bea7-57ae8d297424, 21090545-7ca7-4776-b22c-e363652d74d2, "
        + "b86a8fe4-44ce-4948-aee5-eccb2c155cd7, 4633458b-17de-408a-b874-0445c86b69e6}";

    private const string DataAccessCondition =
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
        + "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals " + DataRoles + ")) AND "
        + "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR "
        + "(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals " + DataRoles + "))";

    private static readonly string[] Common =
    [
        "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
        "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read", "Microsoft.KeyVault/locations/*/read",
        "Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/operations/read",
    ];

    /// <summary>All of them.</summary>
    public static ImmutableArray<RoleDefinition> All { get; } =
    [
        new(Owner, "Owner", "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.") { Actions = ["*"] },
        new(Contributor, "Contributor", "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.")
        {
            Actions = ["*"],
            NotActions = ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action"],
        },
        new(Reader, "Reader", "View all resources, but does not allow you to make any changes.") { Actions = ["*/read"] },
        new(UserAccessAdministrator, "User Access Administrator", "Lets you manage user access to Azure resources.")
        {
            Actions = ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        },
        new(RoleBasedAccessControlAdministrator, "Role Based Access Control Administrator",
            "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to manage access using other ways, such as Azure Policy.")
        {
            Actions = ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read", "Microsoft.Support/*"],
        },
        new(KeyVaultContributor, "Key Vault Contributor", "Lets you manage key vaults, but not access to them.")
        {
            Actions =
            [
                "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.KeyVault/*", "Microsoft.Resources/deployments/*",
                "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
            ],
            NotActions = ["Microsoft.KeyVault/locations/deletedVaults/purge/action", "Microsoft.KeyVault/hsmPools/*", "Microsoft.KeyVault/managedHsms/*"],
        },
        Data(KeyVaultAdministrator, "Key Vault Administrator",
            "Perform all data plane operations on a key vault and all objects in it, including certificates, keys, and secrets.", "Microsoft.KeyVault/vaults/*"),
        Data(KeyVaultReader, "Key Vault Reader", "Read metadata of key vaults and its certificates, keys, and secrets.",
            "Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"),
        Data(KeyVaultSecretsOfficer, "Key Vault Secrets Officer", "Perform any action on the secrets of a key vault, except manage permissions.",
            "Microsoft.KeyVault/vaults/secrets/*"),
        new(KeyVaultSecretsUser, "Key Vault Secrets User", "Read secret contents.")
        {
            DataActions = ["Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"],
        },
        Data(new("a4417e6f-fecd-4de8-b567-7b0420556985"), "Key Vault Certificates Officer", "Perform any action on the certificates of a key vault, except manage permissions.",
            "Microsoft.KeyVault/vaults/certificatecas/*", "Microsoft.KeyVault/vaults/certificates/*"),
        Data(new("14b46e9e-c2b7-41b4-b07b-48a6ebf60603"), "Key Vault Crypto Officer", "Perform any action on the keys of a key vault, except manage permissions.",
            "Microsoft.KeyVault/vaults/keys/*", "Microsoft.KeyVault/vaults/keyrotationpolicies/*"),
        new(KeyVaultDataAccessAdministrator, "Key Vault Data Access Administrator",
            "Manage access to Azure Key Vault by adding or removing role assignments for the Key Vault Administrator, Key Vault Certificates Officer, Key Vault Crypto Officer, "
            + "Key Vault Crypto Service Encryption User, Key Vault Crypto User, Key Vault Reader, Key Vault Secrets Officer, or Key Vault Secrets User roles. "
            + "Includes an ABAC condition to constrain role assignments.")
        {
            Actions =
            [
                "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "Microsoft.Authorization/*/read",
                "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Resources/subscriptions/read",
                "Microsoft.Management/managementGroups/read", "Microsoft.Support/*", "Microsoft.KeyVault/vaults/*/read",
            ],
            Condition = AbacCondition.Parse(DataAccessCondition),
        },
        new(StorageBlobDataContributor, "Storage Blob Data Contributor", "Allows for read, write and delete access to Azure Storage blob containers and data")
        {
            Actions =
            [
                "Microsoft.Storage/storageAccounts/blobServices/containers/delete", "Microsoft.Storage/storageAccounts/blobServices/containers/read",
                "Microsoft.Storage/storageAccounts/blobServices/containers/write", "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
            ],
            DataActions =
            [
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
            ],
        },
        new(StorageBlobDataReader, "Storage Blob Data Reader", "Allows for read access to Azure Storage blob containers and data")
        {
            Actions =
            [
                "Microsoft.Storage/storageAccounts/blobServices/containers/read", "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
            ],
            DataActions = ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
        },
    ];

    private static RoleDefinition Data(Guid id, string name, string description, params string[] dataActions) =>
        new(id, name, description + " Only works for key vaults that use the 'Azure role-based access control' permission model.") { Actions = [.. Common], DataActions = [.. dataActions] };
}
