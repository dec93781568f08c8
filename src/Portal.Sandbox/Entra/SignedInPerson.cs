using System.Security.Claims;
using System.Security.Cryptography;
using OpenIddict.Abstractions;

namespace Portal.Sandbox.Entra;

/// <summary>What an authorization code and a refresh token carry from the sign-in on. They are encrypted; clients cannot read them.</summary>
/// <param name="ObjectId">Who signed in.</param>
/// <param name="Scope">The <c>scope</c> of the authorization request.</param>
/// <param name="Acrs">Authentication contexts satisfied.</param>
/// <param name="CodeId">Tells this code from others, so that it is redeemed once.</param>
internal sealed record SignedInPerson(Guid ObjectId, string Scope, IReadOnlyList<string> Acrs, string CodeId)
{
    private const string ScopeClaim = "sandbox_scope";
    private const string AcrClaim = "sandbox_acrs";
    private const string CodeClaim = "sandbox_code";

    public static SignedInPerson New(Guid objectId, string scope, IReadOnlyList<string> acrs) =>
        new(objectId, scope, acrs, Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));

    public static SignedInPerson From(ClaimsPrincipal principal) => new(
        Guid.Parse(principal.FindFirst(OpenIddictConstants.Claims.Subject)!.Value),
        principal.FindFirst(ScopeClaim)?.Value ?? "",
        [.. principal.FindAll(AcrClaim).Select(c => c.Value)],
        principal.FindFirst(CodeClaim)!.Value);

    public ClaimsPrincipal ToPrincipal()
    {
        var identity = new ClaimsIdentity("Sandbox");
        identity.AddClaim(new Claim(OpenIddictConstants.Claims.Subject, ObjectId.ToString()));
        identity.AddClaim(new Claim(ScopeClaim, Scope));
        identity.AddClaim(new Claim(CodeClaim, CodeId));
        foreach (var acr in Acrs) identity.AddClaim(new Claim(AcrClaim, acr));
        var principal = new ClaimsPrincipal(identity);
        // These two decide whether an id token and a refresh token are given.
        principal.SetScopes(Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Where(s => s is OpenIddictConstants.Scopes.OpenId or OpenIddictConstants.Scopes.OfflineAccess));
        return principal;
    }
}
