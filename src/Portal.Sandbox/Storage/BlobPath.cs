using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Portal.Sandbox.Storage;

/// <summary>The container and the blob that a call names.</summary>
internal static class BlobPath
{
    /// <summary>The container, and the whole name of the blob where one is named, each decoded once.</summary>
    public static string[] Of(HttpContext context)
    {
        // As it came: the decoded path has an encoded slash still encoded, and can no longer tell it from a percent sign before "2F".
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = target.Split('?', 2)[0].TrimStart('/').Split('/', 2);
        return [.. path.Select(Uri.UnescapeDataString)];
    }
}
