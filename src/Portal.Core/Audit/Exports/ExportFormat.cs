namespace Portal.Core.Audit.Exports;

/// <summary>What kind of file an export is.</summary>
public enum ExportFormat
{
    /// <summary>A table for spreadsheets.</summary>
    Csv,

    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>An event of the Open Cybersecurity Schema Framework a line, for a SIEM.</summary>
    Ocsf,
}

/// <summary>What formats are called.</summary>
public static class ExportFormats
{
    /// <summary>The format's name in addresses and file names.</summary>
    public static string Name(this ExportFormat format) => format switch
    {
        ExportFormat.Csv => "csv",
        ExportFormat.JsonLines => "jsonl",
        ExportFormat.Ocsf => "ocsf",
    };

    /// <summary>What follows the last dot in the name of such a file.</summary>
    public static string Extension(this ExportFormat format) => format == ExportFormat.Ocsf ? "ocsf.jsonl" : format.Name();

    /// <summary>The media type.</summary>
    public static string ContentType(this ExportFormat format) => format == ExportFormat.Csv ? AuditCsv.ContentType : "application/x-ndjson; charset=utf-8";

    /// <summary>The format of that name.</summary>
    /// <returns>Null when there is none.</returns>
    public static ExportFormat? Find(string name) => Enum.GetValues<ExportFormat>().Where(f => f.Name() == name).Select(f => (ExportFormat?)f).FirstOrDefault();

    /// <summary>Writes an export as a file of a format and leaves the stream open. Holds a piece of it at a time and never writes synchronously.</summary>
    public static Task WriteAsync(this AuditExport export, ExportFormat format, Stream destination, CancellationToken ct) => format switch
    {
        ExportFormat.Csv => AuditCsv.WriteAsync(export, destination, ct),
        ExportFormat.JsonLines => AuditJsonLines.WriteAsync(export, destination, ct),
        ExportFormat.Ocsf => AuditOcsf.WriteAsync(export, destination, ct),
    };
}
