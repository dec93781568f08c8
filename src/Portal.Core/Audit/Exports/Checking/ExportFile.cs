using System.Globalization;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>What a step through a file came to.</summary>
internal enum ExportStep
{
    /// <summary>A row with an event.</summary>
    Event,

    /// <summary>What the file says of itself, at its start or its end.</summary>
    Statement,

    /// <summary>The end of the file.</summary>
    Nothing,
}

/// <summary>Steps through an export's file of one format, a row at a time.</summary>
/// <param name="source">The file, from its start.</param>
internal abstract class ExportFile(Stream source) : IAsyncDisposable
{
    /// <summary>The event of the last step, as the only row.</summary>
    public AuditRows Row { get; } = new();

    /// <summary>What the file said last of itself.</summary>
    public ExportStatement? Statement { get; protected set; }

    /// <summary>The file.</summary>
    protected Stream Source => source;

    /// <summary>Opens a file by what it begins with.</summary>
    /// <exception cref="FormatException">It is none of the portal's.</exception>
    public static async Task<ExportFile> OpenAsync(Func<Stream> open, CancellationToken ct)
    {
        var start = new byte[64];
        await using (var look = open())
            start = start[..await look.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, ct)];
        return start switch
        {
            [0xEF, 0xBB, 0xBF, ..] or [(byte)'"', ..] or [(byte)'s', ..] => new CsvExportFile(open()),
            _ when start.AsSpan().StartsWith("{\"export\":"u8) => new JsonExportFile(open(), ExportFormat.JsonLines),
            _ when start.AsSpan().StartsWith("{\"metadata\":"u8) => new JsonExportFile(open(), ExportFormat.Ocsf),
            _ => throw new FormatException("This is none of the files that the portal exports."),
        };
    }

    /// <summary>Goes to the next row or statement.</summary>
    /// <exception cref="FormatException">What is there is nothing that the portal writes.</exception>
    public abstract ValueTask<ExportStep> NextAsync(CancellationToken ct);

    /// <summary>As <see cref="NextAsync"/>, but looks into statements only.</summary>
    public abstract ValueTask<ExportStep> SkipAsync(CancellationToken ct);

    /// <summary>Where the last row differs from what the portal would write for the same event; null when it does not, or when every cell of it is checked anyway.</summary>
    public virtual string? WrittenOtherwise(CanonicalEvent canonical) => null;

    /// <inheritdoc />
    public virtual ValueTask DisposeAsync() => source.DisposeAsync();

    /// <summary>Reads a whole number.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    protected static long Number(string text, string what) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"'{text}' is no {what}.");
}
