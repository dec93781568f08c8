using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace Portal.Sandbox.Storage;

/// <summary>List Blobs: in the order of names, in pages, as XML.</summary>
internal static class BlobList
{
    private const int LargestPage = 5000;
    private static readonly string[] Known = ["restype", "comp", "prefix", "marker", "maxresults", "timeout"];

    public static async Task AnswerAsync(HttpContext context, BlobContainer container, BlobState state)
    {
        var query = context.Request.Query;
        if (query.Keys.FirstOrDefault(k => !Known.Contains(k, StringComparer.OrdinalIgnoreCase) && query[k].ToString().Length > 0) is { } unknown) throw BlobException.InvalidQuery(unknown);
        var size = LargestPage;
        if (query["maxresults"].FirstOrDefault() is { } wanted
            && (!int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > LargestPage))
            throw BlobException.InvalidQuery("maxresults");
        var (prefix, marker) = (query["prefix"].ToString(), query["marker"].ToString());
        var from = NameIn(marker);
        var page = state.Blobs(container.Account, container.Name)
            .Where(b => b.Name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(b.Name, from) >= 0).Take(size + 1).ToList();

        var result = new XElement("EnumerationResults", new XAttribute("ServiceEndpoint", $"https://{context.Request.Host.Host}/"), new XAttribute("ContainerName", container.Name),
            new XElement("Prefix", prefix),
            marker.Length > 0 ? new XElement("Marker", marker) : null,
            new XElement("MaxResults", size),
            new XElement("Blobs", page.Take(size).Select(Shape)),
            new XElement("NextMarker", page.Count > size ? MarkerOf(page[size].Name) : ""));
        var body = Encoding.UTF8.GetBytes("<?xml version=\"1.0\" encoding=\"utf-8\"?>" + result.ToString(SaveOptions.DisableFormatting));
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/xml";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    private static XElement Shape(StoredBlob blob)
    {
        var time = blob.CreatedOn.ToString("R", CultureInfo.InvariantCulture);
        return new XElement("Blob",
            new XElement("Name", blob.Name),
            new XElement("Properties",
                new XElement("Creation-Time", time), new XElement("Last-Modified", time), new XElement("Etag", blob.ETag.Trim('"')),
                new XElement("Content-Length", blob.Content.Length), new XElement("Content-Type", blob.ContentType), new XElement("Content-Encoding"), new XElement("Content-Language"),
                new XElement("Content-CRC64"), new XElement("Content-MD5", BlobCalls.Md5(blob.Content)), new XElement("Cache-Control"), new XElement("Content-Disposition"),
                new XElement("BlobType", "BlockBlob"), new XElement("AccessTier", "Hot"), new XElement("AccessTierInferred", "true"),
                new XElement("LeaseStatus", "unlocked"), new XElement("LeaseState", "available"), new XElement("ServerEncrypted", "true")),
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
