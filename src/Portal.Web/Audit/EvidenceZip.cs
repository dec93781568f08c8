using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Audit.Exports;

namespace Portal.Web.Audit;

/// <summary>Writes evidence as a zip, file after file as it comes.</summary>
/// <param name="services">Renders the summary.</param>
/// <param name="loggers">Its log.</param>
/// <param name="clock">The clock.</param>
public sealed class EvidenceZip(IServiceProvider services, ILoggerFactory loggers, TimeProvider clock)
{
    // A line that an auditor may read on any machine.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>What the file is called: <c>evidence-from-20261101T0000Z-to-20261201T0000Z-at-1204.zip</c>.</summary>
    public static string FileName(Evidence evidence)
    {
        var name = ExportPart.FileName(evidence.Events, ExportFormat.Csv);
        return "evidence" + name["audit".Length..^".csv".Length] + ".zip";
    }

    /// <summary>Writes it and leaves the stream open.</summary>
    public async Task WriteAsync(Evidence evidence, OpenItems open, string by, Stream destination, CancellationToken ct)
    {
        await using var zip = await ZipArchive.CreateAsync(destination, ZipArchiveMode.Create, leaveOpen: true, Utf8, ct);
        await AddAsync(zip, EvidencePack.Events, file => evidence.Events.WriteAsync(ExportFormat.Csv, file, ct), ct);
        var checkpoints = await WriteCheckpointsAsync(zip, evidence, ct);
        await AddTextAsync(zip, EvidencePack.Keys, string.Concat(evidence.Events.Point.Keys.Select(key => key + "\n")), ct);
        await AddTextAsync(zip, EvidencePack.Summary, await SummaryAsync(evidence, open, by, checkpoints), ct);
        await AddTextAsync(zip, EvidencePack.Instructions, Instructions(evidence), ct);
    }

    // Two files side by side, and a zip takes one at a time: the sizes are few, so the proofs are made from them in a second pass.
    private static async Task<int> WriteCheckpointsAsync(ZipArchive zip, Evidence evidence, CancellationToken ct)
    {
        var sizes = new List<long>();
        await AddAsync(zip, EvidencePack.Checkpoints, async file =>
        {
            await foreach (var checkpoint in evidence.ReadCheckpointsAsync(ct))
            {
                await file.WriteAsync(Utf8.GetBytes((sizes.Count > 0 ? "\n" : "") + checkpoint.Note), ct);
                sizes.Add(checkpoint.Size);
            }
        }, ct);
        await AddAsync(zip, EvidencePack.Proofs, async file =>
        {
            for (var i = 1; i < sizes.Count; i++)
            {
                var proof = await evidence.ProveAsync(sizes[i - 1], sizes[i], ct);
                await file.WriteAsync(Utf8.GetBytes(proof.ToLine() + "\n"), ct);
            }
        }, ct);
        return sizes.Count;
    }

    private async Task<string> SummaryAsync(Evidence evidence, OpenItems open, string by, int checkpoints)
    {
        await using var renderer = new HtmlRenderer(services, loggers);
        return await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<EvidenceSummary>(ParameterView.FromDictionary(new Dictionary<string, object?>
        {
            [nameof(EvidenceSummary.Evidence)] = evidence,
            [nameof(EvidenceSummary.Open)] = open,
            [nameof(EvidenceSummary.By)] = by,
            [nameof(EvidenceSummary.Checkpoints)] = checkpoints,
            [nameof(EvidenceSummary.Made)] = clock.Now(),
        }))).ToHtmlString());
    }

    private static string Instructions(Evidence evidence)
    {
        var point = evidence.Events.Point;
        var name = FileName(evidence);
        // The states in the zip may have been signed by any of them.
        var several = point.Keys.Count > 1;
        var options = several ? string.Concat(Enumerable.Range(1, point.Keys.Count).Select(n => $" --key \"VKEY{n}\"")) : " --key \"VKEY\"";
        var keys = point.Keys.Count == 0 ? "VKEY" : string.Join("\n    ", point.Keys.Select((key, n) => several ? $"VKEY{n + 1}  {key}" : key));
        const string Whence = """
            your records, from whoever runs the portal, from its address /audit/key. Who made
            the zip could have made a key, too. The portal says that
            """;
        var whose = several
            ? $"VKEY1 and so on are the portal's public keys, the latest first: it has changed its\nkey. Take them from somewhere else than this zip: from\n{Whence} they are"
            : $"VKEY is the portal's public key. Take it from somewhere else than this zip: from\n{Whence} it is";
        return string.Create(CultureInfo.InvariantCulture, $"""
            HOW TO CHECK THIS EVIDENCE

            On any machine with .NET 10 and a copy of the portal's program (it needs no
            configuration, no database and no network for this), in the directory of the zip:

                dotnet Portal.Web.dll audit verify --export {name}{options}

            {whose}

                {keys}

            The command says HOLDS and ends with 0, or names the first event and field that do
            not hold and ends with 1. If checkpoints are kept where the portal's owner cannot
            change them, add --checkpoints FILE.

            WHAT IS IN IT

            {EvidencePack.Events,-20} the events of the period, up to the log's state of {point.Size} events
            {EvidencePack.Checkpoints,-20} the states of the log that the portal signed
            {EvidencePack.Proofs,-20} proofs that each of them goes on from the one before
            {EvidencePack.Keys,-20} the portal's public keys, for comparison only
            {EvidencePack.Summary,-20} the same in plain words, to read and to print

            WHAT IT PROVES

            - Each event in {EvidencePack.Events} is, letter for letter, in the log that was signed. Changed,
              invented, repeated and reordered events are found.
            - The log only ever grew between the checkpoints: nothing was changed or taken out.

            WHAT IT DOES NOT PROVE

            - That none was left out of this file: it shows a part of the log. A whole export
              (no filter) has every position of it, and the same command checks that.
            - That what happened was recorded in the first place, and what happened in the
              seconds before an event is sealed.
            - {EvidencePack.Summary}. It is made from the events when the zip is written; whoever doubts it
              counts in {EvidencePack.Events}.

            The format is described in docs/audit-log-format.md: with it, and any tool for
            SHA-256 and Ed25519, all of this can be checked without the portal's program.

            """);
    }

    private static async Task AddAsync(ZipArchive zip, string name, Func<Stream, Task> write, CancellationToken ct)
    {
        var entry = zip.CreateEntry(name, CompressionLevel.Fastest);
        await using var file = await entry.OpenAsync(ct);
        await write(file);
    }

    private static Task AddTextAsync(ZipArchive zip, string name, string text, CancellationToken ct) => AddAsync(zip, name, file => file.WriteAsync(Utf8.GetBytes(text), ct).AsTask(), ct);
}
