using Azure.Core;
using Azure.Identity;
using Portal.Azure.Connection;
using Portal.Core;
using Portal.Core.Grants;

namespace Portal.Azure.Probe;

/// <summary>Asks Key Vault as the holder. Lists the versions of one secret, which needs a right on it and shows no value.</summary>
internal sealed class KeyVaultAccessProbe(CloudConnection connection, VaultClients vaults) : IAccessProbe
{
    public async Task<ProbeAnswer> ProbeAsync(Uri vaultUri, string secretName, IDelegatedTokens holder, CancellationToken ct)
    {
        var scope = $"https://{connection.Options.KeyVaultSuffix}/user_impersonation";
        var credential = new HolderCredential(holder, scope);
        // The address first: no token is even asked for on behalf of a host that is no vault.
        var client = vaults.As(credential, vaultUri);
        try
        {
            return await CloudFaults.GuardAsync(async () =>
            {
                await credential.GetTokenAsync(default, ct);
                await using var pages = client.GetPropertiesOfSecretVersionsAsync(secretName, ct).AsPages().GetAsyncEnumerator(ct);
                // The first page is answer enough. A secret has at least one version, so an empty list is a secret that is not there.
                return await pages.MoveNextAsync() && pages.Current.Values.Count > 0
                    ? new ProbeAnswer(ProbeVerdict.Open, null, null)
                    : new ProbeAnswer(ProbeVerdict.NotFound, null, null);
            }, ct);
        }
        catch (CloudCallException e) when (credential.MustSignIn || e.Status == 401)
        {
            return new ProbeAnswer(ProbeVerdict.SignInAgain, e.Code, e.Message);
        }
        catch (CloudCallException e) when (e.Status == 403 && e.Code != CloudFaults.UnreadableAnswer)
        {
            return new ProbeAnswer(ProbeVerdict.Refused, e.Code, e.Message);
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            return new ProbeAnswer(ProbeVerdict.NotFound, e.Code, e.Message);
        }
    }

    /// <summary>The holder's token, for Key Vault and nothing else.</summary>
    private sealed class HolderCredential(IDelegatedTokens holder, string scope) : TokenCredential
    {
        /// <summary>Set when there is no token, or when Key Vault asks for claims that only a new sign-in can bring.</summary>
        internal bool MustSignIn { get; private set; }

        public override async ValueTask<AccessToken> GetTokenAsync(TokenRequestContext context, CancellationToken cancellationToken)
        {
            var token = context.Claims is null ? await holder.FindAsync(scope, cancellationToken) : null;
            if (token is not null)
                return new AccessToken(token.Value, token.ExpiresAt);
            MustSignIn = true;
            throw new CredentialUnavailableException("The person has to sign in again.");
        }

        public override AccessToken GetToken(TokenRequestContext context, CancellationToken cancellationToken) =>
            throw new NotSupportedException("Every call here is asynchronous.");
    }
}
