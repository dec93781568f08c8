using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Streaming;

/// <summary>What a turn did.</summary>
public enum StreamTurn
{
    /// <summary>Nothing is to be sent now: nothing new, too early to try again, paused, or another instance sends.</summary>
    Idle,

    /// <summary>A message was delivered; there may be more.</summary>
    Delivered,

    /// <summary>A message was not delivered; it is tried again later.</summary>
    Failed,

    /// <summary>The destination wants nothing more, or refused a part of the message for good.</summary>
    Paused,
}

/// <summary>Delivers the next message of a stream: in the log's order, at least once. One instance at a time: it claims the message before it sends it, and the outcome is saved under the number that claimed it.</summary>
public sealed class DeliverStream(IDbContextFactory<PortalDb> databases, IStreamSender sender, StreamOptions options, StreamMeter meter, IDatabaseClock databaseClock, ClockWatch clock, Random random)
{
    /// <summary>One turn.</summary>
    /// <param name="destination">Of which stream.</param>
    /// <param name="actor">The system.</param>
    /// <param name="ct">Cancels; what was sent and not noted is sent again.</param>
    public async Task<Result<StreamTurn>> ExecuteAsync(StreamDestination destination, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        Claimed? claim;
        try
        {
            claim = await ClaimAsync(destination.Name, ct);
        }
        catch (InvalidDataException)
        {
            return await BlameLogAsync(destination.Name, ct);
        }

        if (claim is null)
            return StreamTurn.Idle;
        var answer = await sender.SendAsync(destination, claim.Message, ct);
        return await SettleAsync(claim, answer, actor, ct);
    }

    private async Task<Claimed?> ClaimAsync(string name, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var stream = await db.AuditStreams.SingleOrDefaultAsync(s => s.Name == name, ct);
        if (stream is null || stream.PausedAt is not null)
            return null;
        if (stream.Next >= await StreamReading.SizeAsync(db, ct))
            return null;
        var now = await clock.AskAsync(databaseClock, db, ct);
        if (!stream.IsFreeFor(options.Holder, now))
            return null;
        var events = await StreamReading.ReadAsync(db, stream.Next, stream.MessageEnd > stream.Next ? stream.MessageEnd : null, ct);
        stream.Claim(options.Holder, now + StreamOptions.Lease, events[^1].Position + 1);
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Another instance has claimed it, or somebody set the stream back.
            return null;
        }

        return new Claimed(stream.Fence, new StreamMessage(name, stream.Replays, events));
    }

    // Nobody can send what cannot be read, and what comes after it must not overtake it: the stream says so until somebody has looked. What comes before it is sent by then.
    private async Task<StreamTurn> BlameLogAsync(string name, CancellationToken ct) => await databases.RunAsync(async db =>
    {
        if (await db.AuditStreams.SingleOrDefaultAsync(s => s.Name == name, ct) is not { PausedAt: null } stream)
            return StreamTurn.Idle;
        var now = await clock.AskAsync(databaseClock, db, ct);
        if (!stream.IsFreeFor(options.Holder, now))
            return StreamTurn.Idle;
        stream.Fail(string.Create(CultureInfo.InvariantCulture, $"LogUnreadable: the log cannot be read at position {stream.Next}; audit verify names what is wrong"), RetryDelay.After(stream.Attempts + 1, null, random.NextDouble()), now);
        await db.SaveChangesAsync(ct);
        return StreamTurn.Failed;
    }, ct);

    private async Task<StreamTurn> SettleAsync(Claimed claim, StreamAnswer answer, Actor actor, CancellationToken ct)
    {
        var name = claim.Message.Stream;
        var settled = await databases.RunAsync(async db =>
        {
            var stream = await db.AuditStreams.SingleOrDefaultAsync(s => s.Name == name, ct);
            if (stream is null || stream.Fence != claim.Fence)
                return StreamTurn.Idle;
            var now = await clock.AskAsync(databaseClock, db, ct);
            switch (answer.Fate)
            {
                case StreamFate.Delivered:
                    stream.Deliver(now);
                    break;
                case StreamFate.Gone or StreamFate.Rejected:
                    stream.Pause(answer.Fault, now);
                    new AuditTrail(db, actor, now).StreamPaused(stream);
                    break;
                default:
                    stream.Fail(answer.Fault, RetryDelay.After(stream.Attempts + 1, answer.RetryAfter, random.NextDouble()), now);
                    break;
            }

            await db.SaveChangesAsync(ct);
            return answer.Fate switch
            {
                StreamFate.Delivered => StreamTurn.Delivered,
                StreamFate.Gone or StreamFate.Rejected => StreamTurn.Paused,
                StreamFate.Failed => StreamTurn.Failed,
            };
        }, ct);
        meter.Count(name, answer, claim.Message.Events.Count);
        return settled;
    }

    private sealed record Claimed(long Fence, StreamMessage Message);
}
