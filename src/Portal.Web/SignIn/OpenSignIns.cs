using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Which sign-ins are still open. Each has an id and an end in its cookie's claims, which open pages keep; those that somebody ended stand in the database, for all instances.</summary>
/// <remarks>A database that cannot be asked ends no sign-in: what has ended here, and what has run out, is known without it.</remarks>
public sealed partial class OpenSignIns(IDbContextFactory<PortalDb> databases, IMemoryCache cache, TimeProvider clock, ILogger<OpenSignIns> logger)
{
    /// <summary>How long a sign-in lasts at most.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(8);

    /// <summary>How long the database's word that one is open holds, and how long it is left alone after it gave none. Each request asks, those for a page's parts too.</summary>
    public static readonly TimeSpan AnswerHolds = TimeSpan.FromSeconds(5);

    private const string IdClaim = "portal_sign_in";
    private const string EndClaim = "portal_sign_in_ends";

    // Pages wait for this.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _ended = new();
    private readonly ConcurrentDictionary<Guid, Task<bool>> _asking = new();

    /// <summary>Marks a sign-in that begins now, or goes on from now for as long as a new one.</summary>
    /// <param name="person">Who signed in.</param>
    /// <param name="goesOn">The sign-in that goes on, so that its older cookies and pages end with it; null for a new one.</param>
    public void Begin(ClaimsPrincipal person, SignInEnd? goesOn = null)
    {
        var identity = (ClaimsIdentity)person.Identity!;
        foreach (var claim in identity.FindAll(c => c.Type is IdClaim or EndClaim).ToList())
            identity.RemoveClaim(claim);
        identity.AddClaim(new Claim(IdClaim, (goesOn?.Id ?? Guid.NewGuid()).ToString("N")));
        identity.AddClaim(new Claim(EndClaim, (clock.GetUtcNow() + Longest).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Which sign-in it is, and when it runs out; null for none that the portal marked.</summary>
    public static SignInEnd? Of(ClaimsPrincipal person) =>
        Guid.TryParse(person.FindFirstValue(IdClaim), out var id) && long.TryParse(person.FindFirstValue(EndClaim), CultureInfo.InvariantCulture, out var end)
            ? new SignInEnd(id, DateTimeOffset.FromUnixTimeSeconds(end))
            : null;

    /// <summary>When somebody signed in, to the second; null for a sign-in that the portal did not mark.</summary>
    public static DateTimeOffset? BegunAt(ClaimsPrincipal person) => Of(person)?.ExpiresAt - Longest;

    /// <summary>Ends one here and now; <see cref="EndSignIn"/> ends it everywhere.</summary>
    /// <returns>What is to be saved for the others: it stays ended until the last of its cookies has run out.</returns>
    public SignInEnd End(SignInEnd signIn)
    {
        // This cookie may be an older one of a sign-in that went on; none that was given out so far lasts longer than this, unless by a clock that was ahead.
        var last = clock.GetUtcNow() + Longest;
        var ended = signIn with { ExpiresAt = signIn.ExpiresAt > last ? signIn.ExpiresAt : last };
        _ended[ended.Id] = ended.ExpiresAt;
        foreach (var (id, expired) in _ended)
            if (expired <= clock.GetUtcNow())
                _ended.TryRemove(id, out _);
        return ended;
    }

    /// <summary>Whether one has run out or is known here to have been ended. Asks nobody, so that commands wait for nothing.</summary>
    public bool HasEnded(ClaimsPrincipal person) => Of(person) is { } signIn && HasEnded(signIn);

    /// <summary>How long ago one ran out in time; null for one that has not, or that is known here to have been ended.</summary>
    public TimeSpan? RanOutFor(ClaimsPrincipal person) =>
        Of(person) is { } signIn && !_ended.ContainsKey(signIn.Id) && clock.GetUtcNow() - signIn.ExpiresAt is var since && since >= TimeSpan.Zero ? since : null;

    /// <summary>Whether one has run out or was ended, on whatever instance. One that the portal did not mark counts as ended.</summary>
    public async Task<bool> HasEndedAsync(ClaimsPrincipal person, CancellationToken ct) => Of(person) is not { } signIn || await HasEndedAsync(signIn, ct);

    /// <summary>Whether this one has run out or was ended, on whatever instance.</summary>
    public async Task<bool> HasEndedAsync(SignInEnd signIn, CancellationToken ct)
    {
        if (HasEnded(signIn))
            return true;
        if (cache.TryGetValue(("open sign-in", signIn.Id), out _))
            return false;

        // A page's parts are asked for all at once: one question serves them. It does not end with the request that asked first.
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asking = _asking.GetOrAdd(signIn.Id, answer.Task);
        if (asking == answer.Task)
            _ = AskDatabaseAsync(signIn, answer);
        return await asking.WaitAsync(ct) || HasEnded(signIn);
    }

    private bool HasEnded(SignInEnd signIn) => signIn.ExpiresAt <= clock.GetUtcNow() || _ended.ContainsKey(signIn.Id);

    private async Task AskDatabaseAsync(SignInEnd signIn, TaskCompletionSource<bool> answer)
    {
        var ended = false;
        try
        {
            // All that this person asks for waits for this one question.
            ended = await AnswerInTime.AskAsync(
                async ct =>
                {
                    await using var db = await databases.CreateDbContextAsync(ct);
                    return await db.EndedSignIns.AnyAsync(e => e.Id == signIn.Id, ct);
                },
                Patience,
                TimeProvider.System,
                late =>
                {
                    if (late)
                        End(signIn);
                },
                CancellationToken.None);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogNotAsked(fault);
        }
        finally
        {
            if (ended)
                End(signIn);
            else
                cache.Set(("open sign-in", signIn.Id), true, AnswerHolds);
            _asking.TryRemove(signIn.Id, out _);
            answer.SetResult(ended);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The database could not say whether somebody has signed out; they stay signed in")]
    private partial void LogNotAsked(Exception fault);
}
