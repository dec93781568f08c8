using Portal.Sandbox.ResourceManager;

namespace Portal.Sandbox.KeyVault;

/// <summary>The attributes that Key Vault gives to conditions: names of vault and secret, compared with regard to case.</summary>
internal static class SecretConditions
{
    public static ConditionInput InputOf(ArmScope scope, string action) => new(action, (source, name) => source == "Resource"
        ? name switch
        {
            "Microsoft.KeyVault/vaults:name" => scope.VaultName,
            "Microsoft.KeyVault/vaults/secrets:name" => scope.SecretName,
            _ => null,
        }
        : null);
}
