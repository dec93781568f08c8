using System.Collections.Concurrent;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;
using Portal.Core;

namespace Portal.Azure.Connection;

/// <summary>Clients of vaults. A token goes to a host under the configured suffix, and for each client to that one host only.</summary>
internal sealed class VaultClients(CloudConnection connection)
{
    private readonly ConcurrentDictionary<string, SecretClient> own = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The client that acts as the portal; one per vault and process.</summary>
    internal SecretClient For(Uri vault)
    {
        var address = Checked(vault);
        return own.GetOrAdd(address.Authority, _ => Create(address, connection.Credential));
    }

    /// <summary>A client that acts by the given credential. Not kept: tokens of one person must not outlive their question.</summary>
    internal SecretClient As(TokenCredential credential, Uri vault) => Create(Checked(vault), credential);

    private SecretClient Create(Uri address, TokenCredential credential)
    {
        var options = connection.VaultOptions();
        // Before the policy that adds the token: what the SDK reads from an answer (a nextLink) may not lead elsewhere.
        options.AddPolicy(new OneHostPolicy(address), HttpPipelinePosition.PerCall);
        return new SecretClient(address, credential, options);
    }

    private Uri Checked(Uri vault)
    {
        var suffix = "." + connection.Options.KeyVaultSuffix;
        var label = vault is { IsAbsoluteUri: true, Scheme: "https", UserInfo: "" } && vault.Host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
            ? vault.Host[..^suffix.Length]
            : "";
        if (label.Length == 0 || label.Contains('.'))
            throw new CloudCallException(AttentionCode.ForeignVaultAddress, $"{(vault.IsAbsoluteUri ? vault.Host : "A relative address")} is no vault under {connection.Options.KeyVaultSuffix}; no token is sent there.", null, isTransient: false);
        return new Uri(vault.GetLeftPart(UriPartial.Authority));
    }

    private sealed class OneHostPolicy(Uri address) : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message)
        {
            var target = message.Request.Uri.ToUri();
            if (!SameOrigin.Holds(address, target))
                throw SameOrigin.Refusal(target);
        }
    }
}
