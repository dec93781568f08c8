using System.Globalization;
using Portal.Core;
using Portal.Core.Audit.Streaming;
using Portal.Core.Identity;

namespace Portal.Web.Commands;

/// <summary><c>audit replay</c>: has a stream of the audit trail go on from a position.</summary>
/// <param name="builder">The portal's configuration and environment; nothing is registered yet.</param>
/// <param name="addDatabase">Registers the portal's database.</param>
public sealed class AuditReplayCommand(WebApplicationBuilder builder, Action addDatabase)
{
    private const string Stream = "--stream";
    private const string From = "--from";

    /// <summary>The command.</summary>
    public PortalCommand Command => new(
        "audit replay",
        "Has a stream of the audit trail go on from a position, and lifts its pause.",
        """
        A running portal sends what comes from that position on, if need be again, in messages with other ids. Without --from
        the stream goes on where it stands, at once. It is recorded in the audit trail. The portal need not be stopped.
        """,
        [
            new CommandOption(Stream, "name", "The stream's name, as the configuration has it under AuditStreams."),
            new CommandOption(From, "position", "The position of the first event to send: 0 for all."),
        ],
        RunAsync);

    private async Task<int> RunAsync(CommandOptions options, CommandOutput output, CancellationToken ct)
    {
        if (options.All(Stream) is not [var name])
            throw new CommandLineException($"{Stream} is missing.");
        long? from = options.All(From) switch
        {
            [] => null,
            [var text] when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) => position,
            [var text, ..] => throw new CommandLineException($"{From}: '{text}' is not a position, a whole number from 0."),
        };
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddPortalCore();
        addDatabase();
        await using var services = builder.Services.BuildServiceProvider();
        await CommandDatabase.DemandAsync(services, "", ct);

        var result = await services.GetRequiredService<ReplayStream>().ExecuteAsync(new StreamReplay(name, from), Actor.System with { DisplayName = "portal audit replay" }, ct);
        if (result.Refusals is [var refusal, ..])
            throw new CommandLineException(refusal.Code switch
            {
                RefusalCode.StreamUnknown => $"There is no stream named '{name}': it was never configured, or no portal has run with it yet.",
                RefusalCode.StreamPositionUnknown => string.Create(CultureInfo.InvariantCulture, $"{From}: the log has no position {refusal.Arguments[0]}; it holds {refusal.Arguments[1]} events."),
                var code => code,
            });
        output.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Stream {name} goes on from position {result.Value}."));
        return ExitCode.Done;
    }
}
