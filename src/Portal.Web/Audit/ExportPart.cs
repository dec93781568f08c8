using System.Globalization;
using System.Text;
using Microsoft.Net.Http.Headers;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;

namespace Portal.Web.Audit;

/// <summary>What of an export's file is asked for: all of it, or the rest of a download that was broken off. A file is the same to the byte for the same filter, checkpoint, format and reader, as long as retention prunes nothing and no other key signs, so it can be made again and cut; its tag says whether it is that file.</summary>
/// <param name="Format">The file's format.</param>
/// <param name="Size">The size of the checkpoint; null for the latest.</param>
/// <param name="From">The first byte that is asked for.</param>
/// <param name="Tag">The tag of the file that the download began with; null when all of it is asked for.</param>
public sealed record ExportPart(ExportFormat Format, long? Size, long From, string? Tag)
{
    /// <summary>Whether the reader wants no other file in its place, but to be told: <c>If-Match</c>, as Firefox sends it, where others send <c>If-Range</c>.</summary>
    public bool OrNothing { get; init; }

    /// <summary>Reads what a request asks for. What is no range that can be served asks for all of it, as HTTP allows.</summary>
    public static ExportPart Of(HttpRequest request, ExportFormat format, long? pinned)
    {
        var headers = request.GetTypedHeaders();
        var all = new ExportPart(format, pinned, 0, null);
        if (headers.Range is not { Unit.Value: "bytes", Ranges: { Count: 1 } ranges } || ranges.Single() is not { From: > 0 and { } from, To: null })
            return all;
        // Without the tag, the rest of another file could be sent than the one that was begun, also where the address names the checkpoint: it says nothing of what retention took since, who signs, or who reads.
        var orNothing = headers.IfMatch is { Count: 1 };
        if ((orNothing ? headers.IfMatch[0] : headers.IfRange?.EntityTag) is not { IsWeak: false } given)
            return all;
        var tag = given.Tag.ToString().Trim('"');
        // A tag names its checkpoint.
        return tag.Split('-') is [var named, _, _] && long.TryParse(named, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && (pinned ?? size) == size
            ? new ExportPart(format, size, from, tag) { OrNothing = orNothing }
            : all;
    }

    /// <summary>Whether an export is the one whose download was broken off.</summary>
    public bool Continues(AuditExport export) => Tag is null || Tag == TagOf(export);

    /// <summary>How long the whole file is.</summary>
    public async Task<long> MeasureAsync(AuditExport export, CancellationToken ct)
    {
        await using var measure = new CutStream(Stream.Null, long.MaxValue);
        await export.WriteAsync(Format, measure, ct);
        export.ThrowIfBroken();
        return measure.Seen;
    }

    /// <summary>A stream that leaves out what the reader has.</summary>
    public Stream Cut(Stream body) => From > 0 ? new CutStream(body, From) : body;

    /// <summary>Says what follows.</summary>
    public void WriteHeaders(HttpResponse response, AuditExport export, long? length)
    {
        response.ContentType = Format.ContentType();
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = FileName(export, Format) }.ToString();
        response.Headers.ETag = $"\"{TagOf(export)}\"";
        response.Headers.AcceptRanges = "bytes";
        if (length is not { } known)
            return;
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.Headers.ContentRange = new ContentRangeHeaderValue(From, known - 1, known).ToString();
        response.ContentLength = known - From;
    }

    /// <summary>Says that the file ends before what is asked for.</summary>
    public IResult NothingThere(HttpResponse response, long length)
    {
        response.Headers.ContentRange = new ContentRangeHeaderValue(length).ToString();
        return Results.StatusCode(StatusCodes.Status416RangeNotSatisfiable);
    }

    /// <summary>What the file is called: <c>audit-at-1204.csv</c> for all that a log of 1204 events has; names of filters and the range where there are any.</summary>
    public static string FileName(AuditExport export, ExportFormat format) => FileName(export.Filter, export.Point, format);

    /// <summary>What the file is called.</summary>
    public static string FileName(AuditFilter filter, ExportPoint point, ExportFormat format)
    {
        var name = new StringBuilder("audit");
        foreach (var (condition, value) in FilterWords.Of(filter))
            if (condition is not ("from" or "to"))
                name.Append('-').Append([.. value.Take(60).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);
        if (filter.From is { } from)
            name.Append("-from-").Append(Stamp(from));
        if (filter.To is { } to)
            name.Append("-to-").Append(Stamp(to));
        return name.Append(CultureInfo.InvariantCulture, $"-at-{point.Size}.{format.Extension()}").ToString();
    }

    private string TagOf(AuditExport export) => string.Create(CultureInfo.InvariantCulture, $"{export.Point.Size}-{export.Fingerprint}-{LayoutOf(Format)}");

    // Goes on when the lines of a format change: the rest of a file is not cut from another one.
    private static string LayoutOf(ExportFormat format) => format == ExportFormat.Ocsf ? $"{format.Name()}2" : format.Name();

    private static string Stamp(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyyMMdd'T'HHmm'Z'", CultureInfo.InvariantCulture);
}
