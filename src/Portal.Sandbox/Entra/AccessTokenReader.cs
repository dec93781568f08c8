using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Entra;

/// <summary>Reads and validates the bearer token of a call: signature, algorithm, issuer, tenant, audience and lifetime on the real clock.</summary>
public sealed class AccessTokenReader
{
    private static readonly object CallerKey = new();
    private static readonly object FailureKey = new();
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly EntraKeys _keys;
    private readonly SandboxAddresses _addresses;

    internal AccessTokenReader(EntraKeys keys, SandboxAddresses addresses)
    {
        _keys = keys;
        _addresses = addresses;
    }

    /// <summary>
    /// The caller, or null when the call carries no token that is valid for one of <paramref name="audiences"/>
    /// (see <see cref="Audiences"/>); <see cref="FailureOf"/> then says why.
    /// </summary>
    public async Task<CallerToken?> ReadAsync(HttpContext context, string[] audiences)
    {
        var (caller, failure) = await ReadHeaderAsync(context.Request.Headers.Authorization.ToString(), audiences);
        context.Items[FailureKey] = failure;
        if (caller is not null) context.Items[CallerKey] = caller;
        return caller;
    }

    /// <summary>Why the last <see cref="ReadAsync"/> on this call gave null.</summary>
    public static TokenFailure FailureOf(HttpContext context) => context.Items[FailureKey] as TokenFailure? ?? TokenFailure.Missing;

    /// <summary>The caller that <see cref="ReadAsync"/> found on this call, or null.</summary>
    public static CallerToken? CallerOf(HttpContext context) => context.Items[CallerKey] as CallerToken;

    private async Task<(CallerToken?, TokenFailure)> ReadHeaderAsync(string header, string[] audiences)
    {
        const string scheme = "Bearer ";
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return (null, TokenFailure.Missing);

        var result = await _handler.ValidateTokenAsync(header[scheme.Length..].Trim(), new TokenValidationParameters
        {
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            IssuerSigningKey = _keys.Signing,
            ValidIssuer = _addresses.Authority,
            ValidAudiences = audiences,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            // One machine, one clock: what has expired has expired.
            ClockSkew = TimeSpan.Zero,
        });
        if (!result.IsValid) return (null, FailureFrom(result.Exception));

        var token = (JsonWebToken)result.SecurityToken;
        if (!Guid.TryParse(Value(token, "oid"), out var oid) || !Guid.TryParse(Value(token, "tid"), out var tid)) return (null, TokenFailure.Invalid);
        if (tid != FenwickCompany.TenantId) return (null, TokenFailure.Issuer);
        // An id token has no business here: every access token says what its bearer may do, or that an application acts.
        var isApp = Value(token, "idtyp") == "app";
        var scopes = Value(token, "scp")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (!isApp && scopes.Length == 0) return (null, TokenFailure.Invalid);

        return (new CallerToken(tid, oid, Guid.TryParse(Value(token, "appid") ?? Value(token, "azp"), out var app) ? app : null, isApp, scopes,
            [.. token.Claims.Where(c => c.Type == "roles").Select(c => c.Value)], token.Audiences.First(), new DateTimeOffset(token.ValidTo, TimeSpan.Zero))
        {
            Name = Value(token, "name"),
            TokenId = Value(token, "uti"),
        }, TokenFailure.None);
    }

    private static TokenFailure FailureFrom(Exception exception) => exception switch
    {
        SecurityTokenInvalidAudienceException => TokenFailure.Audience,
        SecurityTokenInvalidIssuerException => TokenFailure.Issuer,
        SecurityTokenExpiredException or SecurityTokenNotYetValidException => TokenFailure.Lifetime,
        _ => TokenFailure.Invalid,
    };

    private static string? Value(JsonWebToken token, string claim) =>
        token.TryGetPayloadValue<object>(claim, out var value) ? Convert.ToString(value, CultureInfo.InvariantCulture) : null;
}
