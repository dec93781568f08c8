using System.Xml;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Portal.Sandbox.Storage;

/// <summary>The container and the blob that a call names.</summary>
internal static class BlobPath
{
    private const int LongestName = 1024;

    /// <summary>The container, and the whole name of the blob where one is named, each decoded once.</summary>
    public static string[] Of(HttpContext context)
    {
        // As it came: the decoded path has an encoded slash still encoded, and can no longer tell it from a percent sign before "2F".
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = target.Split('?', 2)[0].TrimStart('/').Split('/', 2);
        return [.. path.Select(Uri.UnescapeDataString)];
    }

    /// <summary>Refuses a name that no blob may have: lists are XML, and could not show it.</summary>
    /// <exception cref="BlobException">400.</exception>
    public static void DemandName(string name)
    {
        if (name.Length == 0) throw BlobException.NoSuchAddress();
        if (name.Length > LongestName) throw BlobException.NameTooLong();
        if (!CanBeListed(name)) throw BlobException.InvalidName();
    }

    /// <summary>Whether a text has only characters that names may have: no control characters, and what XML can hold.</summary>
    public static bool CanBeListed(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (char.IsControl(text[at])) return false;
            if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])) at++;
            else if (!XmlConvert.IsXmlChar(text[at])) return false;
        }

        return true;
    }
}
