namespace Portal.Sandbox.Entra;

/// <summary>What a validated access token says about its bearer.</summary>
/// <param name="TenantId">Claim <c>tid</c>.</param>
/// <param name="ObjectId">Claim <c>oid</c>: the person, or the service principal of an application.</param>
/// <param name="AppId">Claim <c>appid</c> or <c>azp</c>: the application that asked for the token.</param>
/// <param name="IsApp">Whether the application acts as itself, without a person.</param>
/// <param name="Scopes">Delegated permissions, from <c>scp</c>; empty for an application.</param>
/// <param name="Roles">Application permissions or app roles, from <c>roles</c>.</param>
/// <param name="Audience">Claim <c>aud</c> as it stands in the token.</param>
/// <param name="ExpiresAt">Claim <c>exp</c>.</param>
public sealed record CallerToken(Guid TenantId, Guid ObjectId, Guid? AppId, bool IsApp, IReadOnlyList<string> Scopes, IReadOnlyList<string> Roles,
    string Audience, DateTimeOffset ExpiresAt)
{
    /// <summary>Claim <c>name</c>; null for an application.</summary>
    public string? Name { get; init; }

    /// <summary>Claim <c>uti</c>: the token's own id, for correlation.</summary>
    public string? TokenId { get; init; }
}

/// <summary>Why a call's token was not accepted.</summary>
public enum TokenFailure
{
    /// <summary>It was accepted.</summary>
    None,

    /// <summary>There was no bearer token.</summary>
    Missing,

    /// <summary>It is no signed JWT of ours: garbage, another algorithm, a wrong signature or a missing claim.</summary>
    Invalid,

    /// <summary>It was issued for another service.</summary>
    Audience,

    /// <summary>It is from another issuer or tenant.</summary>
    Issuer,

    /// <summary>It is no longer, or not yet, valid.</summary>
    Lifetime,
}
