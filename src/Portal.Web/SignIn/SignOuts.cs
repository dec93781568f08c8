using System.Collections.Concurrent;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Saves sign-outs for the other instances, and goes on trying with those that the database did not take, until the last of their cookies has run out.</summary>
public sealed partial class SignOuts(EndSignIn end, TimeProvider clock, ILogger<SignOuts> logger) : BackgroundService
{
    /// <summary>How long whoever signs out waits for the database: one that hangs keeps nobody signed in.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How soon what was not saved is tried again.</summary>
    public static readonly TimeSpan TryEvery = TimeSpan.FromSeconds(5);

    // What hangs may go on hanging after it was given up, with its connection: not many are to pile up.
    private static readonly TimeSpan AfterSilence = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, (SignInEnd SignIn, Actor Actor)> _unsaved = new();

    /// <summary>Saves one, or has it tried again later: it has happened in any case.</summary>
    /// <param name="signIn">What <see cref="OpenSignIns.End"/> gave.</param>
    /// <param name="actor">Who signed out.</param>
    public async Task SaveAsync(SignInEnd signIn, Actor actor)
    {
        try
        {
            await TrySaveAsync(signIn, actor, CancellationToken.None);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogNotSaved(fault);
            _unsaved[signIn.Id] = (signIn, actor);
        }
    }

    /// <summary>Tries once more with all that were not saved, until one is not taken again.</summary>
    /// <returns>How long to wait before the next try.</returns>
    public async Task<TimeSpan> TryAgainAsync(CancellationToken ct)
    {
        foreach (var (id, (signIn, actor)) in _unsaved)
        {
            try
            {
                // None of its cookies is good any more.
                if (signIn.ExpiresAt > clock.GetUtcNow())
                {
                    await TrySaveAsync(signIn, actor, ct);
                    LogSaved();
                }

                _unsaved.TryRemove(id, out _);
            }
            catch (NoAnswerException)
            {
                return AfterSilence;
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // That it is not saved was said when it was not saved first.
                return TryEvery;
            }
        }

        return TryEvery;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var wait = TryEvery;
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(wait, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = await TryAgainAsync(stoppingToken);
        }
    }

    // What is given up and saved all the same is not saved twice.
    private Task TrySaveAsync(SignInEnd signIn, Actor actor, CancellationToken ct) =>
        AnswerInTime.AskAsync(cancel => end.ExecuteAsync(signIn, actor, cancel), Patience, clock, null, ct);

    [LoggerMessage(LogLevel.Error, "A sign-out could not be saved; it happened all the same, and other instances hear of it once the database takes it")]
    private partial void LogNotSaved(Exception fault);

    [LoggerMessage(LogLevel.Warning, "A sign-out that the database did not take before is saved")]
    private partial void LogSaved();
}
