using Microsoft.Extensions.Logging;
using Portal.Core.Grants.Claims;

namespace Portal.Core.Grants;

/// <summary>Tells whoever has a row by now of a call that may still arrive. One per process.</summary>
public sealed partial class LateCalls(SharedSaves saves, UntoldCalls untold, ILogger<LateCalls> logger)
{
    // Whoever has lost a claim may have lost the database with it, and has others waiting for its end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>A turn was given up with its call under way, which may still arrive, or what came of the call could not be saved. Whoever has the row knows that it was announced and looks after a while; being told of this one, at once. Tried until it is saved, for five seconds, and then beside each look for work (<see cref="UntoldCalls"/>).</summary>
    /// <param name="claim">The claim of that turn.</param>
    /// <param name="putAt">When the call was announced, if it may have given access; null when it has not.</param>
    public async Task TellAsync(AssignmentClaim claim, DateTimeOffset? putAt)
    {
        using var patience = new CancellationTokenSource(Patience);
        for (var wait = TimeSpan.FromMilliseconds(100); ; wait *= 4)
        {
            try
            {
                await saves.RunAsync(claim, null, at => Task.FromResult(Doubt(at, putAt)), patience.Token);
                return;
            }
            catch (Exception fault)
            {
                await Task.Delay(wait, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!patience.IsCancellationRequested)
                    continue;
                untold.Remember(claim, putAt);
                LogNotTold(logger, fault, claim.AssignmentId);
                return;
            }
        }
    }

    /// <summary>Tells it in the unit of work at hand. A claim that still holds says by itself, when it runs out, that its call was never answered.</summary>
    /// <returns>Whether somebody else has the row, or nobody.</returns>
    internal static bool Doubt(TrioAtWork at, DateTimeOffset? putAt)
    {
        if (at.Trio is null)
            at.Row?.Doubt(at.Now, lateCall: true, putAt);
        return at.Trio is null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A call for assignment {AssignmentId} was given up and may still arrive; nobody could be told, and whoever has it now looks in its own time")]
    private static partial void LogNotTold(ILogger logger, Exception fault, Guid assignmentId);
}
