using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Web.Audit.Streaming;

/// <summary>Signs as Standard Webhooks defines for symmetric secrets: <c>v1,</c> and the HMAC-SHA256, in base64, of id, seconds and body with dots between.</summary>
public static class WebhookSignature
{
    /// <summary>The header of the message's id.</summary>
    public const string IdHeader = "webhook-id";

    /// <summary>The header of the try's time, in seconds since 1970.</summary>
    public const string TimestampHeader = "webhook-timestamp";

    /// <summary>The header of the signatures, with spaces between.</summary>
    public const string SignatureHeader = "webhook-signature";

    /// <summary>One signature.</summary>
    /// <param name="secret">The secret's bytes.</param>
    /// <param name="id">The message's id; without a dot.</param>
    /// <param name="at">When this try is made.</param>
    /// <param name="body">The body, exactly as it is sent.</param>
    public static string Of(byte[] secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}.")));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }
}
