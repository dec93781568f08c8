using System.Security.Cryptography;

namespace Portal.Core.Requests;

/// <summary>What people call a request: short enough to say on the phone, random enough that none can be guessed from another.</summary>
public static class RequestReference
{
    // Crockford's base 32: no I, L, O or U, so nothing is misread.
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>Makes a new one: <c>R-</c> and eight characters (40 random bits). A unique index settles the rare clash.</summary>
    public static string New() => "R-" + RandomNumberGenerator.GetString(Alphabet, 8);
}
