using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace Portal.Sandbox.Storage;

/// <summary>List Blobs: in the order of names, by folders where a delimiter is given, in pages, as XML.</summary>
internal static class BlobList
{
    private const int LargestPage = 5000;
    private static readonly string[] Known = ["restype", "comp", "prefix", "delimiter", "marker", "maxresults", "include", "timeout"];

    // Of copies there is nothing to say: a blob here is never one.
    private static readonly string[] KnownIncludes = ["metadata", "copy"];

    public static async Task AnswerAsync(HttpContext context, BlobContainer container, BlobState state)
    {
        var query = context.Request.Query;
        if (query.Keys.FirstOrDefault(k => !Known.Contains(k, StringComparer.OrdinalIgnoreCase) && query[k].ToString().Length > 0) is { } unknown) throw BlobException.InvalidQuery(unknown);
        var size = LargestPage;
        if (query["maxresults"].FirstOrDefault() is { } wanted && (!int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size < 1))
            throw BlobException.InvalidQuery("maxresults");
        size = Math.Min(size, LargestPage);
        var includes = query["include"].SelectMany(i => i!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        if (includes.Exists(i => !KnownIncludes.Contains(i, StringComparer.OrdinalIgnoreCase))) throw BlobException.InvalidQuery("include");
        var withMetadata = includes.Contains("metadata", StringComparer.OrdinalIgnoreCase);

        var (prefix, delimiter, marker) = (query["prefix"].ToString(), query["delimiter"].ToString(), query["marker"].ToString());
        if (!BlobPath.CanBeListed(prefix)) throw BlobException.InvalidQuery("prefix");
        if (!BlobPath.CanBeListed(delimiter)) throw BlobException.InvalidQuery("delimiter");
        var from = NameIn(marker);
        var blobs = state.Blobs(container.Account, container.Name).Where(b => b.Name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(b.Name, from) >= 0);
        var page = Entries(blobs, prefix, delimiter).Take(size + 1).ToList();

        var result = new XElement("EnumerationResults", new XAttribute("ServiceEndpoint", $"https://{context.Request.Host.Host}/"), new XAttribute("ContainerName", container.Name),
            new XElement("Prefix", prefix),
            marker.Length > 0 ? new XElement("Marker", marker) : null,
            new XElement("MaxResults", size),
            delimiter.Length > 0 ? new XElement("Delimiter", delimiter) : null,
            new XElement("Blobs", page.Take(size).Select(e => e.Blob is null ? new XElement("BlobPrefix", new XElement("Name", e.Name)) : Shape(e.Blob, withMetadata))),
            new XElement("NextMarker", page.Count > size ? MarkerOf(page[size].Name) : ""));
        var body = Encoding.UTF8.GetBytes("<?xml version=\"1.0\" encoding=\"utf-8\"?>" + result.ToString(SaveOptions.DisableFormatting));
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/xml";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    // A folder stands where the first of its blobs stood: they are next to each other, and its name sorts before each of theirs.
    private static IEnumerable<(string Name, StoredBlob? Blob)> Entries(IEnumerable<StoredBlob> blobs, string prefix, string delimiter)
    {
        string? folder = null;
        foreach (var blob in blobs)
        {
            var at = delimiter.Length == 0 ? -1 : blob.Name.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            if (at < 0) yield return (blob.Name, blob);
            else if (blob.Name[..(at + delimiter.Length)] is var name && name != folder) yield return (folder = name, null);
        }
    }

    private static XElement Shape(StoredBlob blob, bool withMetadata)
    {
        var time = blob.CreatedOn.ToString("R", CultureInfo.InvariantCulture);
        return new XElement("Blob",
            new XElement("Name", blob.Name),
            new XElement("Properties",
                new XElement("Creation-Time", time), new XElement("Last-Modified", time), new XElement("Etag", blob.ETag.Trim('"')),
                new XElement("Content-Length", blob.Content.Length), new XElement("Content-Type", blob.ContentType), new XElement("Content-Encoding", blob.ContentEncoding), new XElement("Content-Language", blob.ContentLanguage),
                new XElement("Content-CRC64"), new XElement("Content-MD5", BlobCalls.Md5(blob.Content)), new XElement("Cache-Control", blob.CacheControl), new XElement("Content-Disposition", blob.ContentDisposition),
                new XElement("BlobType", "BlockBlob"), new XElement("AccessTier", "Hot"), new XElement("AccessTierInferred", "true"),
                new XElement("LeaseStatus", "unlocked"), new XElement("LeaseState", "available"), new XElement("ServerEncrypted", "true")),
            withMetadata ? new XElement("Metadata", blob.Metadata.Select(m => new XElement(m.Key, m.Value))) : null,
            new XElement("OrMetadata"));
    }

    // A marker is opaque to clients.
    private static string MarkerOf(string name) => "2!" + Convert.ToBase64String(Encoding.UTF8.GetBytes(name));

    private static string NameIn(string marker)
    {
        if (marker.Length == 0) return "";
        try
        {
            return marker.StartsWith("2!", StringComparison.Ordinal) ? Encoding.UTF8.GetString(Convert.FromBase64String(marker[2..])) : throw BlobException.InvalidQuery("marker");
        }
        catch (FormatException)
        {
            throw BlobException.InvalidQuery("marker");
        }
    }
}
