using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Identity.Client;
using Microsoft.Identity.Web;
using Portal.Core.Grants;

namespace Portal.Web.Grants;

/// <summary>Tokens of the person behind this circuit, from the cache that their sign-in filled.</summary>
public sealed class DelegatedTokens(ITokenAcquisition tokens, AuthenticationStateProvider signedIn) : IDelegatedTokens
{
    /// <inheritdoc />
    public async Task<DelegatedToken?> FindAsync(string scope, CancellationToken ct)
    {
        var state = await signedIn.GetAuthenticationStateAsync();
        try
        {
            var result = await tokens.GetAuthenticationResultForUserAsync(
                [scope],
                authenticationScheme: OpenIdConnectDefaults.AuthenticationScheme,
                user: state.User,
                tokenAcquisitionOptions: new TokenAcquisitionOptions { CancellationToken = ct });
            return new DelegatedToken(result.AccessToken, result.ExpiresOn);
        }
        catch (MicrosoftIdentityWebChallengeUserException)
        {
            return null;
        }
        catch (MsalUiRequiredException)
        {
            return null;
        }
    }
}
