using Microsoft.Extensions.Caching.Memory;
using Portal.Core;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>What the directory said of people a moment ago, shared by all that is on screen: a change redraws every open page of everyone whom it concerns, and must not be as many questions.</summary>
/// <remarks>For looking only. A command asks anew, and what it was told is kept here too. What is too old for looking still tells what somebody lost, for as long as a sign-in lasts: a directory that goes silent gives nothing back.</remarks>
public sealed partial class RecentStandings(IServiceScopeFactory scopes, IMemoryCache cache, TimeProvider clock, ILogger<RecentStandings> logger)
{
    /// <summary>How long nobody asks again after a question that was not answered.</summary>
    public static readonly TimeSpan SilenceHolds = TimeSpan.FromSeconds(20);

    // Of whom nobody has asked for as long as a sign-in lasts, no sign-in is open that could be judged.
    private static readonly TimeSpan Forgotten = OpenSignIns.Longest;

    /// <summary>What the directory said of somebody not longer ago than that; asks when nothing so recent is known, once for all who want to know.</summary>
    /// <returns>Null when the directory cannot be asked now.</returns>
    public Task<Standing?> OfAsync(PrincipalId person, TimeSpan notOlderThan, CancellationToken ct)
    {
        var known = Known(person);
        TaskCompletionSource<Standing?> answer;
        lock (known)
        {
            if (known.Standing is { } standing && clock.GetElapsedTime(known.AskedAt) <= notOlderThan)
                return Task.FromResult<Standing?>(standing);
            if (known.SilentAt is { } silent && clock.GetElapsedTime(silent) < SilenceHolds)
                return Task.FromResult<Standing?>(null);
            if (known.Asking is { } asking)
                return asking.Task.WaitAsync(ct);
            answer = known.Asking = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        // Others may wait for the same answer, so it does not end with the page that asked first.
        _ = AskAsync(person, known, answer);
        return answer.Task.WaitAsync(ct);
    }

    /// <summary>The last that the directory said of somebody since they signed in, however old. Only for taking away, when it does not answer.</summary>
    /// <param name="person">Of whom.</param>
    /// <param name="signedInAt">When they signed in: a token that is newer than what was said is right where they differ. Null when that is not known.</param>
    /// <returns>Null when it has said nothing since.</returns>
    public Standing? Before(PrincipalId person, DateTimeOffset? signedInAt)
    {
        var known = Known(person);
        lock (known)
            return known.Standing is { } standing && (signedInAt is null || clock.GetUtcNow() - clock.GetElapsedTime(known.AskedAt) >= signedInAt) ? standing : null;
    }

    /// <summary>Has a command's actor made, which asks anew, and keeps what was said. When nothing was, what was said before takes away what they are known to have lost.</summary>
    public async Task<Actor> AskAnewAsync(IdentifyActor identify, SignedInPerson person, CancellationToken ct)
    {
        var asked = clock.GetTimestamp();
        var actor = await identify.ExecuteAsync(person, ct);
        if (!actor.Confirmed)
            return IdentifyActor.Of(person, null, Before(person.Id, person.SignedInAt));
        Known(person.Id).Keep(new Standing(actor.Enabled, actor.Roles, actor.Groups), asked);
        return actor;
    }

    private async Task AskAsync(PrincipalId person, Entry known, TaskCompletionSource<Standing?> answer)
    {
        var asked = clock.GetTimestamp();
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var standing = await scope.ServiceProvider.GetRequiredService<IDirectory>().StandingOfAsync(person, CancellationToken.None);
            known.Keep(standing, asked);
            answer.SetResult(standing);
        }
        catch (CloudCallException fault)
        {
            LogNotAsked(fault);
            lock (known)
                (known.SilentAt, known.Asking) = (clock.GetTimestamp(), null);
            answer.SetResult(null);
        }
        catch (Exception fault)
        {
            lock (known)
                known.Asking = null;
            answer.SetException(fault);
        }
    }

    private Entry Known(PrincipalId person) => cache.GetOrCreate(("standing", person), entry =>
    {
        entry.SlidingExpiration = Forgotten;
        return new Entry();
    })!;

    [LoggerMessage(LogLevel.Warning, "The directory could not say what someone who is signed in may do; they stay signed in, and what needs it is refused")]
    private partial void LogNotAsked(Exception exception);

    private sealed class Entry
    {
        public Standing? Standing { get; private set; }

        public long AskedAt { get; private set; }

        public long? SilentAt { get; set; }

        public TaskCompletionSource<Standing?>? Asking { get; set; }

        /// <summary>Keeps an answer, unless a question that was asked later has been answered already.</summary>
        public void Keep(Standing standing, long askedAt)
        {
            lock (this)
            {
                (Asking, SilentAt) = (null, null);
                if (Standing is null || askedAt >= AskedAt)
                    (Standing, AskedAt) = (standing, askedAt);
            }
        }
    }
}
