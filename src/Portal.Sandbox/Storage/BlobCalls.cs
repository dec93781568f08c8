using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Portal.Sandbox.ResourceManager;

namespace Portal.Sandbox.Storage;

/// <summary>Put Blob, Get Blob, Get Blob Properties, Delete Blob, List Blobs and Get Container Properties. What is not known is refused, never ignored.</summary>
internal static class BlobCalls
{
    private const string DataAction = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/";
    private const string ContainerRead = "Microsoft.Storage/storageAccounts/blobServices/containers/read";
    private const int LargestBlob = 4 * 1024 * 1024;

    public static Task AnswerAsync(HttpContext context, string account, IReadOnlySet<Guid> principals, SandboxControl control)
    {
        var request = context.Request;
        var path = BlobPath.Of(context);
        var ofContainer = request.Query["restype"] == "container";
        var ofList = ofContainer && request.Query["comp"] == "list";
        if (ofContainer != path.Length < 2 || (!ofList && request.Query["comp"].Count > 0)) throw BlobException.InvalidQuery("comp");
        var container = control.Blobs.Find(account, path[0]);
        var action = request.Method switch
        {
            "GET" or "HEAD" => "read",
            "PUT" when !ofContainer => "write",
            "DELETE" when !ofContainer => "delete",
            _ => throw BlobException.Verb(),
        };
        if (container is null) throw BlobException.ContainerNotFound();
        // A container's properties are no data: the right to read the container shows them.
        var needed = ofContainer && !ofList ? ConditionInput.Of(ContainerRead) : ConditionInput.Of(DataAction + action);
        if (!control.Resources.Decide(principals, container.Scope, needed, isData: !ofContainer || ofList).Allowed) throw BlobException.NotPermitted();
        BlobHeaders.DemandKnown(request, ofBlob: !ofContainer);
        if (ofContainer && !ofList) return Show(context, container, control.Blobs);
        if (ofContainer) return BlobList.AnswerAsync(context, container, control.Blobs);
        return action switch
        {
            "write" => PutAsync(context, container, path[1], control.Blobs),
            "delete" => DeleteAsync(context, container, path[1], control.Blobs),
            _ => GetAsync(context, container, path[1], control.Blobs),
        };
    }

    private static async Task PutAsync(HttpContext context, BlobContainer container, string name, BlobState state)
    {
        BlobPath.DemandName(name);
        var request = context.Request;
        var type = request.Headers["x-ms-blob-type"].ToString();
        if (type.Length == 0) throw BlobException.MissingHeader("x-ms-blob-type");
        if (type != "BlockBlob") throw BlobException.InvalidHeader("x-ms-blob-type");
        if (request.ContentLength is not { } length) throw BlobException.MissingLength();
        if (length > LargestBlob) throw new BlobException(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.");

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        // Of conditions only "*" has come so far: that there is no such blob.
        var blob = state.WriteAsClient(container, BlobHeaders.Read(request, name, body.ToArray()), onlyNew: request.Headers.IfNoneMatch.Count > 0);
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.ETag = blob.ETag;
        context.Response.Headers.LastModified = blob.CreatedOn.ToString("R", CultureInfo.InvariantCulture);
        context.Response.Headers.ContentMD5 = Md5(blob.Content);
        context.Response.Headers["x-ms-request-server-encrypted"] = "true";
        context.Response.ContentLength = 0;
    }

    private static Task Show(HttpContext context, BlobContainer container, BlobState state)
    {
        // A container changes with its properties and not with its blobs; the sandbox's never do on the wire.
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.Headers.ETag = "\"0x8DC0000000000001\"";
        response.Headers.LastModified = state.Since.ToString("R", CultureInfo.InvariantCulture);
        response.Headers["x-ms-lease-status"] = "unlocked";
        response.Headers["x-ms-lease-state"] = "available";
        response.Headers["x-ms-has-immutability-policy"] = container.Retention is null ? "false" : "true";
        response.Headers["x-ms-has-legal-hold"] = "false";
        response.Headers["x-ms-immutable-storage-with-versioning-enabled"] = "false";
        response.Headers["x-ms-default-encryption-scope"] = "$account-encryption-key";
        response.Headers["x-ms-deny-encryption-scope-override"] = "false";
        response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static async Task GetAsync(HttpContext context, BlobContainer container, string name, BlobState state)
    {
        var blob = state.Blobs(container.Account, container.Name).FirstOrDefault(b => b.Name == name) ?? throw BlobException.NotFound();
        BlobHeaders.DemandMatch(context.Request, blob);
        var range = HttpMethods.IsGet(context.Request.Method) ? BlobRange.Of(context.Request, blob.Content.Length) : null;
        var content = range is { } part ? blob.Content.AsMemory(part.From, part.Length) : blob.Content;
        var response = context.Response;
        response.StatusCode = range is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent;
        BlobHeaders.Write(response, blob);
        response.ContentLength = content.Length;
        response.Headers.ETag = blob.ETag;
        response.Headers.LastModified = blob.CreatedOn.ToString("R", CultureInfo.InvariantCulture);
        response.Headers.AcceptRanges = "bytes";
        SayHashes(response.Headers, blob, range);
        response.Headers["x-ms-blob-type"] = "BlockBlob";
        response.Headers["x-ms-creation-time"] = blob.CreatedOn.ToString("R", CultureInfo.InvariantCulture);
        response.Headers["x-ms-lease-status"] = "unlocked";
        response.Headers["x-ms-lease-state"] = "available";
        response.Headers["x-ms-server-encrypted"] = "true";
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(content);
    }

    // Of a part the hash in HTTP's own header would be the part's; the blob's then stands in one of the service's.
    private static void SayHashes(IHeaderDictionary headers, StoredBlob blob, BlobRange? range)
    {
        if (range is not { } part)
        {
            headers.ContentMD5 = Md5(blob.Content);
            return;
        }

        headers.ContentRange = $"bytes {part.From}-{part.From + part.Length - 1}/{blob.Content.Length}";
        headers["x-ms-blob-content-md5"] = Md5(blob.Content);
        if (part.IsHashed)
            headers.ContentMD5 = Md5(blob.Content.AsSpan(part.From, part.Length));
    }

    private static Task DeleteAsync(HttpContext context, BlobContainer container, string name, BlobState state)
    {
        state.DeleteAsClient(container, name, blob => BlobHeaders.DemandMatch(context.Request, blob));
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.Headers["x-ms-delete-type-permanent"] = "true";
        context.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    // What Blob Storage gives for integrity on the way; it is no proof of anything.
#pragma warning disable CA5351
    internal static string Md5(ReadOnlySpan<byte> content) => Convert.ToBase64String(MD5.HashData(content));
#pragma warning restore CA5351
}
