using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Portal.Sandbox.Storage;

/// <summary>What calls say in headers: what is kept of a blob beside its bytes, and the conditions. What is neither is refused.</summary>
internal static partial class BlobHeaders
{
    private const string Own = "x-ms-";
    private const string Content = "x-ms-blob-content-";
    private const string Meta = "x-ms-meta-";

    private static readonly string[] OfAnyCall = ["x-ms-version", "x-ms-date", "x-ms-client-request-id", "x-ms-return-client-request-id"];
    private static readonly string[] OfReads = ["x-ms-range", BlobRange.WithMd5];
    private static readonly string[] OfWrites =
        ["x-ms-blob-type", Content + "type", Content + "md5", Content + "encoding", Content + "language", Content + "disposition", "x-ms-blob-cache-control"];

    private static readonly string[] Conditions = ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"];

    /// <summary>Refuses what the call would have to be answered otherwise for: a header of the service, or a condition, that is not known.</summary>
    /// <exception cref="BlobException">400 UnsupportedHeader.</exception>
    public static void DemandKnown(HttpRequest request, bool ofBlob)
    {
        var writes = ofBlob && HttpMethods.IsPut(request.Method);
        foreach (var (name, value) in request.Headers)
        {
            var known = Conditions.Contains(name, StringComparer.OrdinalIgnoreCase)
                ? ofBlob && (writes ? Is(name, "If-None-Match") && value == "*" : Is(name, "If-Match"))
                : !name.StartsWith(Own, StringComparison.OrdinalIgnoreCase) || OfAnyCall.Contains(name, StringComparer.OrdinalIgnoreCase)
                    || (ofBlob && HttpMethods.IsGet(request.Method) && OfReads.Contains(name, StringComparer.OrdinalIgnoreCase))
                    || (writes && (OfWrites.Contains(name, StringComparer.OrdinalIgnoreCase) || name.StartsWith(Meta, StringComparison.OrdinalIgnoreCase)));
            if (!known) throw BlobException.UnsupportedHeader(name);
        }
    }

    /// <summary>Refuses a blob that is not the one of the call's <c>If-Match</c>.</summary>
    /// <exception cref="BlobException">412 ConditionNotMet.</exception>
    public static void DemandMatch(HttpRequest request, StoredBlob blob)
    {
        if (request.Headers.IfMatch.ToString().Trim() is { Length: > 0 } wanted && wanted != "*" && wanted.Trim('"') != blob.ETag.Trim('"')) throw BlobException.ConditionNotMet();
    }

    /// <summary>The blob that a call writes, with all that it says of it; without a time and an ETag.</summary>
    /// <exception cref="BlobException">400.</exception>
    public static StoredBlob Read(HttpRequest request, string name, byte[] content)
    {
        var headers = request.Headers;
        // The service's own header counts before the one of HTTP.
        var hash = Text(headers[Content + "md5"]) ?? Text(headers.ContentMD5);
        if (hash is not null && hash != BlobCalls.Md5(content)) throw new BlobException(400, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated by the server.");
        return new StoredBlob(name, content, Kept(headers, Content + "type", "Content-Type") ?? "application/octet-stream", default, "")
        {
            ContentEncoding = Kept(headers, Content + "encoding", "Content-Encoding"),
            ContentLanguage = Kept(headers, Content + "language", "Content-Language"),
            ContentDisposition = Kept(headers, Content + "disposition", null),
            CacheControl = Kept(headers, "x-ms-blob-cache-control", "Cache-Control"),
            Metadata = headers.Where(h => h.Key.StartsWith(Meta, StringComparison.OrdinalIgnoreCase))
                .ToImmutableSortedDictionary(h => CheckedName(h.Key[Meta.Length..]), h => IsPlain(h.Value.ToString()) ? h.Value.ToString() : throw BlobException.InvalidMetadata(), StringComparer.OrdinalIgnoreCase),
        };
    }

    /// <summary>Says in the answer what is kept of a blob beside its bytes.</summary>
    public static void Write(HttpResponse response, StoredBlob blob)
    {
        var headers = response.Headers;
        response.ContentType = blob.ContentType;
        headers.ContentEncoding = blob.ContentEncoding;
        headers.ContentLanguage = blob.ContentLanguage;
        headers.ContentDisposition = blob.ContentDisposition;
        headers.CacheControl = blob.CacheControl;
        foreach (var (name, value) in blob.Metadata) headers[Meta + name] = value;
    }

    private static string CheckedName(string name) =>
        name.Length == 0 ? throw BlobException.EmptyMetadataKey() : Identifier().IsMatch(name) ? name : throw BlobException.InvalidMetadata();

    private static string? Kept(IHeaderDictionary headers, string own, string? ofHttp)
    {
        if (Text(headers[own]) is { } said) return IsPlain(said) ? said : throw BlobException.InvalidHeader(own);
        return ofHttp is null || Text(headers[ofHttp]) is not { } other ? null : IsPlain(other) ? other : throw BlobException.InvalidHeader(ofHttp);
    }

    /// <summary>Whether a text can be given back, as a header and in a list: with any other character neither could be written.</summary>
    public static bool IsPlain(string text) => text.All(c => c is >= ' ' and <= '~');

    private static string? Text(StringValues values) => values.ToString() is { Length: > 0 } text ? text : null;

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex Identifier();
}
