using System.Globalization;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;

namespace Portal.Web.Commands;

/// <summary><c>audit verify --export</c>: checks an export or an evidence pack with nothing but the file and the public key. Needs no configuration, no database and no network.</summary>
public static class VerifyExportCommand
{
    /// <summary>The option that names the file.</summary>
    public const string Export = "--export";

    /// <summary>The option that names a public key.</summary>
    public const string Key = "--key";

    /// <summary>The option that names a file with checkpoints.</summary>
    public const string Checkpoints = "--checkpoints";

    /// <summary>The command.</summary>
    public static PortalCommand Command { get; } = new(
        "audit verify",
        "checks an export of the audit trail, or an evidence pack, offline",
        """
        Reads nothing but the files that are named: no configuration, no database, no network.
        Says in one line that all holds, or names the first event and field that do not.
        Take the public key from somewhere else than the file: whoever made the file could have made a key, too.
        """,
        [
            new(Export, "FILE", "The export (CSV, JSON Lines, OCSF) or the evidence pack (zip) to check."),
            new(Key, "VKEY", "A public key that its checkpoint may be signed with. More than once after a change of keys.", Repeats: true),
            new(Checkpoints, "FILE", "Checkpoints that were kept where the portal's owner cannot change them, to compare with."),
        ],
        RunAsync);

    /// <summary>Checks.</summary>
    /// <returns><see cref="ExitCode.Done"/> when all holds, <see cref="ExitCode.Incomplete"/> when something does not or carries no proof.</returns>
    public static async Task<int> RunAsync(CommandOptions options, CommandOutput output, CancellationToken ct)
    {
        if (options.All(Export) is not [var file])
            throw new CommandLineException($"{Export} is needed: the file to check.");
        var keys = options.All(Key).Select(text => VerifierKey.Parse(text) ?? throw new CommandLineException($"{Key}: '{text}' is no public key; one looks like name+1a2b3c4d+AbC….")).ToList();
        if (keys.Count == 0)
            throw new CommandLineException($"{Key} is needed: the portal's public key, from somewhere else than the file. The portal gives it at /audit/key.");
        var checkpoints = options.All(Checkpoints) is [var kept] ? kept : null;
        foreach (var path in (string?[])[file, checkpoints])
            if (path is not null && !File.Exists(path))
                throw new CommandLineException($"There is no file {path}.");
        try
        {
            var verdict = (await new VerifyExport().ExecuteAsync(new ExportToVerify(file, keys, checkpoints), new Shown(output.Error), Actor.System with { DisplayName = "portal audit verify" }, ct)).Value;
            output.Out.WriteLine(Line(verdict));
            return verdict.Holds ? ExitCode.Done : ExitCode.Incomplete;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandLineException($"The file cannot be read: {fault.Message}");
        }
    }

    private static string Line(ExportVerdict verdict)
    {
        if (verdict.Fault is { } fault)
            return $"DOES NOT HOLD ({fault.Code}): {Plain(fault.Message)}";
        var said = verdict.Statement!;
        var checkpoint = Checkpoint.Parse(SignedNote.Parse(said.Note)!.Text)!;
        var state = string.Create(CultureInfo.InvariantCulture, $"the log of {checkpoint.Size} events signed at {checkpoint.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} by {Plain(checkpoint.Origin)}");
        var compared = verdict.Checkpoints > 0 ? string.Create(CultureInfo.InvariantCulture, $" {verdict.Checkpoints} other checkpoints agree.") : "";
        return verdict.Unproven > 0
            ? string.Create(CultureInfo.InvariantCulture, $"HOLDS IN PART: {verdict.Rows - verdict.Unproven} of {verdict.Rows} events are in {state}; {verdict.Unproven} carry no proof, since their reader may not see all of them.{compared}")
            : said.Kind == "whole"
                ? string.Create(CultureInfo.InvariantCulture, $"HOLDS: these {verdict.Rows} events are all of {state}.{compared}")
                : string.Create(CultureInfo.InvariantCulture, $"HOLDS: each of these {verdict.Rows} events is in {state}. They are filtered: whether the filter left one out, only a whole export shows.{compared}");
    }

    // What comes from a file must not steer the terminal.
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    /// <summary>Shows the progress on a terminal; a log file would only fill up with it.</summary>
    private sealed class Shown(TextWriter error) : IProgress<double>
    {
        public void Report(double value)
        {
            if (Console.IsErrorRedirected && error == Console.Error)
                return;
            error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{value,4:P0} read{(value >= 1 ? Environment.NewLine : "")}"));
        }
    }
}
