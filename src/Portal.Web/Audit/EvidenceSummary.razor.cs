using System.Globalization;
using Microsoft.AspNetCore.Components;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;

namespace Portal.Web.Audit;

/// <summary>The evidence in plain words, as a page of its own to read and to print. No script, nothing from elsewhere.</summary>
public sealed partial class EvidenceSummary
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private static readonly Dictionary<string, string> Meanings = AuditCode.All.ToDictionary(c => c.Value, c => c.Meaning, StringComparer.Ordinal);

    /// <summary>The evidence; its events have been read.</summary>
    [Parameter, EditorRequired] public required Evidence Evidence { get; set; }

    /// <summary>What has no end yet.</summary>
    [Parameter, EditorRequired] public required OpenItems Open { get; set; }

    /// <summary>How many checkpoints the pack has.</summary>
    [Parameter] public int Checkpoints { get; set; }

    /// <summary>When it was made.</summary>
    [Parameter] public DateTimeOffset Made { get; set; }

    /// <summary>Who had it made.</summary>
    [Parameter, EditorRequired] public required string By { get; set; }

    private ExportEnd End => Evidence.Events.End!;

    private string Period => Words["Period", Evidence.Period.From is { } from ? Instant(from) : Words["Period.Beginning"].Value, Evidence.Period.To is { } to ? Instant(to) : Words["Period.Now"].Value].Value;

    private static string Instant(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", Invariant);

    private static string Meaning(string code) => Meanings.GetValueOrDefault(code, "");

    private static string Number(Dictionary<string, long> outcomes, AuditOutcome outcome) => outcomes.TryGetValue(outcome.ToString(), out var count) ? count.ToString("N0", Invariant) : "–";
}
