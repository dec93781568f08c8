using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Web.SignIn;

namespace Portal.Web.Layout;

/// <summary>Has a use case do what the reader of a page asks for, as whoever they are at that moment.</summary>
public sealed partial class Attempt(CurrentActor actors, ILogger<Attempt> logger)
{
    /// <summary>Runs it. A database that fails meanwhile refuses it, and is logged: as a fault it would take the whole page away, with what was written there. Any other fault is a mistake of the portal and goes on its way.</summary>
    /// <param name="useCase">Runs the use case for this actor.</param>
    /// <param name="ct">Cancels the question who the reader is; the use case has its own.</param>
    public Task<Result<T>> RunAsync<T>(Func<Actor, Task<Result<T>>> useCase, CancellationToken ct = default) => RunAsync(actors.GetAsync, useCase, ct);

    /// <summary>The same for what only looks: as whoever the reader was a moment ago.</summary>
    /// <param name="useCase">Runs the use case for this actor.</param>
    /// <param name="ct">Cancels the question who the reader is; the use case has its own.</param>
    public Task<Result<T>> LookAsync<T>(Func<Actor, Task<Result<T>>> useCase, CancellationToken ct = default) => RunAsync(actors.GetReaderAsync, useCase, ct);

    private async Task<Result<T>> RunAsync<T>(Func<CancellationToken, Task<Actor>> who, Func<Actor, Task<Result<T>>> useCase, CancellationToken ct)
    {
        try
        {
            return await useCase(await who(ct));
        }
        catch (Exception fault) when (DatabaseFault.Is(fault))
        {
            LogFailed(fault);
            return new Refusal(RefusalCode.DatabaseFailed);
        }
    }

    [LoggerMessage(LogLevel.Error, "The database failed while it was to do what somebody asked for on a page")]
    private partial void LogFailed(Exception fault);
}
