using System.Globalization;
using System.Text.Json;
using Portal.Core.Audit.Streaming;

namespace Portal.Web.Audit.Streaming;

/// <summary>Reads what an OTLP receiver answers to a request that it took: nothing, or an ExportLogsServiceResponse in JSON.</summary>
internal static class OtlpAnswer
{
    /// <summary>An answer of success that is none of OTLP: something else stands at the address, and nobody knows what became of the message.</summary>
    public const string NotOtlp = "NotOtlp";

    /// <summary>A part of the records was rejected.</summary>
    public const string PartialSuccess = "PartialSuccess";

    private const int LongestBody = 64 * 1024;

    /// <summary>Reads it.</summary>
    public static async Task<StreamAnswer> ReadAsync(HttpResponseMessage response, CancellationToken ct)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        var buffer = new byte[LongestBody + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct);
        return length > LongestBody ? Foreign : Read(buffer.AsMemory(0, length));
    }

    private static StreamAnswer Foreign => new(StreamFate.Failed, NotOtlp);

    private static StreamAnswer Read(ReadOnlyMemory<byte> body)
    {
        // A collector that answers in protobuf says with nothing that all is well.
        if (body.IsEmpty)
            return StreamAnswer.Delivered;
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return Foreign;
            if (!root.TryGetProperty("partialSuccess", out var partial) || partial.ValueKind == JsonValueKind.Null)
                return StreamAnswer.Delivered;
            if (partial.ValueKind != JsonValueKind.Object)
                return Foreign;
            if (!partial.TryGetProperty("rejectedLogRecords", out var rejected) || rejected.ValueKind == JsonValueKind.Null)
                return StreamAnswer.Delivered;
            // The receiver's own message is not kept: it may repeat what it was sent.
            return Number(rejected) switch
            {
                null => Foreign,
                <= 0 => StreamAnswer.Delivered,
                { } count => new StreamAnswer(StreamFate.Rejected, string.Create(CultureInfo.InvariantCulture, $"{PartialSuccess}: {count} log records rejected")),
            };
        }
        catch (JsonException)
        {
            return Foreign;
        }
    }

    // 64-bit integers are strings in the JSON of protobuf; not everyone writes them so.
    private static long? Number(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number when element.TryGetInt64(out var number) => number,
        JsonValueKind.String when long.TryParse(element.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
