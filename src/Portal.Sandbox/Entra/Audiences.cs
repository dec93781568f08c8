namespace Portal.Sandbox.Entra;

/// <summary>The audiences under which each service accepts tokens.</summary>
public static class Audiences
{
    /// <summary>Key Vault's data plane.</summary>
    public static readonly string[] KeyVault = ["https://vault.azure.net", "https://vault.azure.net/", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"];

    /// <summary>Azure Resource Manager, also under the names of the classic service management.</summary>
    public static readonly string[] ResourceManager =
    [
        "https://management.azure.com", "https://management.azure.com/",
        "https://management.core.windows.net", "https://management.core.windows.net/", "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    ];

    /// <summary>Azure Storage.</summary>
    public static readonly string[] Storage = ["https://storage.azure.com", "https://storage.azure.com/", "e406a681-f3d4-42a8-90b6-c2b029497af1"];

    /// <summary>Microsoft Graph.</summary>
    public static readonly string[] Graph = ["https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"];
}
