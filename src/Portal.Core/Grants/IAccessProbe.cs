namespace Portal.Core.Grants;

/// <summary>The seam that asks Key Vault, with the holder's own token, whether they can reach a secret. It reads properties, never the value.</summary>
public interface IAccessProbe
{
    /// <summary>Asks for the properties of a secret's versions.</summary>
    /// <param name="vaultUri">The vault's address.</param>
    /// <param name="secretName">The secret.</param>
    /// <param name="holder">Where the holder's token comes from.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>What Key Vault answered. No usable answer at all is a <see cref="CloudCallException"/>.</returns>
    Task<ProbeAnswer> ProbeAsync(Uri vaultUri, string secretName, IDelegatedTokens holder, CancellationToken ct);
}

/// <summary>Tokens of the person who is signed in, for calls made as them.</summary>
public interface IDelegatedTokens
{
    /// <summary>A token for Key Vault in the person's own name.</summary>
    /// <param name="scope">The OAuth scope (<c>https://vault.azure.net/user_impersonation</c>).</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The token and when it ends; null when the person has to sign in again first.</returns>
    Task<DelegatedToken?> FindAsync(string scope, CancellationToken ct);
}

/// <summary>A person's token. Goes into no log, row, trace or exception.</summary>
/// <param name="Value">The bearer token.</param>
/// <param name="ExpiresAt">When it ends.</param>
public sealed record DelegatedToken(string Value, DateTimeOffset ExpiresAt)
{
    /// <summary>Never the token.</summary>
    public override string ToString() => "DelegatedToken";
}

/// <summary>What Key Vault answered a probe.</summary>
/// <param name="Verdict">Open or not, and why.</param>
/// <param name="Code">Key Vault's (inner) error code, such as <c>ForbiddenByRbac</c>; null when open.</param>
/// <param name="Message">Key Vault's own text; null when open.</param>
public sealed record ProbeAnswer(ProbeVerdict Verdict, string? Code, string? Message);

/// <summary>What a probe can find.</summary>
public enum ProbeVerdict
{
    /// <summary>The holder reaches the secret.</summary>
    Open,

    /// <summary>Key Vault refuses the holder.</summary>
    Refused,

    /// <summary>There is no such secret, or it is deleted.</summary>
    NotFound,

    /// <summary>The person has to sign in again before the question can be asked.</summary>
    SignInAgain,
}
