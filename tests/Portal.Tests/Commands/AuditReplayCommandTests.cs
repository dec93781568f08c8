using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Streaming;
using Portal.Tests.World;
using Portal.Web.Commands;

namespace Portal.Tests.Commands;

/// <summary><c>audit replay</c> on a portal's database.</summary>
public sealed class AuditReplayCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_is_set_back_and_the_trail_says_by_what()
    {
        await using var world = await WorldAsync();
        Assert.Equal((ExitCode.Done, "Stream siem goes on from position 0.\n", ""), await RunAsync(world, "audit", "replay", "--stream", "siem", "--from=0"));
        var stream = await world.ReadAsync(db => db.AuditStreams.SingleAsync(Ct));
        Assert.Equal((1, 0L), (stream.Replays, stream.Next));
        var recorded = (await world.EventsAsync())[^1];
        Assert.Equal(("audit.stream_replayed", "portal audit replay", "siem"), (recorded.Code, recorded.ActorName, recorded.Reason));
    }

    [Theory]
    [InlineData("--stream is missing.", "audit", "replay")]
    [InlineData("--from: '-1' is not a position", "audit", "replay", "--stream", "siem", "--from=-1")]
    [InlineData("--from: the log has no position 7; it holds 0 events.", "audit", "replay", "--stream", "siem", "--from", "7")]
    [InlineData("There is no stream named 'other'", "audit", "replay", "--stream", "other")]
    [InlineData("There is no command 'audit repaly'.", "audit", "repaly")]
    public async Task What_cannot_be_done_is_said_and_changes_nothing(string message, params string[] arguments)
    {
        await using var world = await WorldAsync();
        var (code, output, error) = await RunAsync(world, arguments);
        Assert.Equal((ExitCode.Refused, ""), (code, output));
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.Empty(await world.EventsAsync());
    }

    private static async Task<PortalWorld> WorldAsync()
    {
        var world = await PortalWorld.OpenAsync(empty: true);
        await using var db = world.OpenDb();
        db.AuditStreams.Add(new AuditStream("siem", 0));
        await db.SaveChangesAsync(Ct);
        return world;
    }

    private static async Task<(int Code, string Out, string Error)> RunAsync(PortalWorld world, params string[] arguments)
    {
        var builder = WebApplication.CreateBuilder();
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await PortalCommands.RunAsync(arguments, [new AuditReplayCommand(builder, () => world.AddTo(builder.Services)).Command], new CommandOutput(output, error), Ct);
        return (code, output.ToString(), error.ToString());
    }
}
