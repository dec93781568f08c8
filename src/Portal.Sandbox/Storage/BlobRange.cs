using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Portal.Sandbox.Storage;

/// <summary>The part of a blob that Get Blob is asked for, as Blob Storage reads it: <c>x-ms-range</c> before <c>Range</c>, one range, from a first byte, with a last one or without.</summary>
/// <param name="From">The first byte.</param>
/// <param name="Length">How many; at least one.</param>
/// <param name="IsHashed">Whether the part's own hash is to be sent along.</param>
internal readonly partial record struct BlobRange(int From, int Length, bool IsHashed)
{
    /// <summary>The header that has the range's own hash sent along, <c>true</c> or <c>false</c>.</summary>
    public const string WithMd5 = "x-ms-range-get-content-md5";

    /// <summary>The range that a call asks for of a blob of that size; null for all of it.</summary>
    /// <exception cref="BlobException">400 for what is no range, 416 for one that begins behind the blob.</exception>
    public static BlobRange? Of(HttpRequest request, int size)
    {
        var own = request.Headers["x-ms-range"].ToString();
        var (name, text) = own.Length > 0 ? ("x-ms-range", own) : ("Range", request.Headers.Range.ToString());
        var isHashed = false;
        if (request.Headers[WithMd5] is { Count: > 0 } hash && (text.Length == 0 || !bool.TryParse(hash, out isHashed)))
            throw BlobException.InvalidHeader(WithMd5);
        if (text.Length == 0)
            return null;
        var match = Bytes().Match(text);
        if (!match.Success || !long.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var from))
            throw BlobException.InvalidHeader(name);
        var last = size - 1L;
        if (match.Groups[2].Length > 0)
        {
            if (!long.TryParse(match.Groups[2].Value, CultureInfo.InvariantCulture, out var to) || to < from)
                throw BlobException.InvalidHeader(name);
            last = Math.Min(last, to);
        }

        return from < size ? new BlobRange((int)from, (int)(last - from + 1), isHashed) : throw BlobException.InvalidRange(size);
    }

    [GeneratedRegex("^bytes=([0-9]+)-([0-9]*)$")]
    private static partial Regex Bytes();
}
