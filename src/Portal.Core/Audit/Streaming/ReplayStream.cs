using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Streaming;

/// <summary>What to send again.</summary>
/// <param name="Stream">Which stream.</param>
/// <param name="From">The position to go on from, 0 to the size of the log; null for where it stands, which only lifts a pause and the wait after faults.</param>
public sealed record StreamReplay(string Stream, long? From);

/// <summary>Has a stream go on from a position, and lifts its pause. What the receiver had from there on it gets again, in messages with other ids.</summary>
public sealed class ReplayStream(IDbContextFactory<PortalDb> databases, IDatabaseClock databaseClock, ClockWatch clock)
{
    /// <summary>Has it go on.</summary>
    /// <returns>The position that it goes on from.</returns>
    public async Task<Result<long>> ExecuteAsync(StreamReplay input, Actor actor, CancellationToken ct) => actor.IsNotSystem() is { } refusal ? refusal : await databases.RunAsync<Result<long>>(async db =>
    {
        var stream = await db.AuditStreams.SingleOrDefaultAsync(s => s.Name == input.Stream, ct);
        if (stream is null)
            return new Refusal(RefusalCode.StreamUnknown, "stream", input.Stream);
        var size = await StreamReading.SizeAsync(db, ct);
        var (before, from) = (stream.Next, input.From ?? stream.Next);
        if (from < 0 || from > size)
            return new Refusal(RefusalCode.StreamPositionUnknown, "from", from, size);
        stream.Replay(from);
        new AuditTrail(db, actor, await clock.AskAsync(databaseClock, db, ct)).StreamReplayed(stream, before);
        await db.SaveChangesAsync(ct);
        return from;
    }, ct);
}
