using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Portal.Sandbox.Entra;

/// <summary>Issues tokens with exactly the claims asked for, under the sandbox's key: for tests of what must be refused. In code only.</summary>
public sealed class TokenMint
{
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly EntraKeys _keys;

    internal TokenMint(EntraKeys keys) => _keys = keys;

    /// <summary>A token signed with RS256 under the key that the keys document publishes.</summary>
    /// <param name="claims">The whole payload: nothing is added. Times are seconds since 1970.</param>
    public string Sign(IDictionary<string, object> claims) =>
        _handler.CreateToken(System.Text.Json.JsonSerializer.Serialize(claims), new SigningCredentials(_keys.Signing, SecurityAlgorithms.RsaSha256));
}
