using System.Security.Claims;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Puts sign-ins and sign-outs on record.</summary>
internal static partial class SignInRecord
{
    /// <summary>Records a sign-in. One that cannot be recorded does not happen.</summary>
    public static async Task WriteAsync(ClaimsPrincipal person, HttpContext context)
    {
        var services = context.RequestServices;
        // What the directory says now is kept: an older answer, from before a role was given, would end the sign-in at its first request.
        var actor = await services.GetRequiredService<RecentStandings>().AskAnewAsync(
            services.GetRequiredService<IdentifyActor>(), CurrentActor.PersonOf(person, CurrentActor.ClientOf(context)), context.RequestAborted);
        var recorded = await services.GetRequiredService<RecordSignIn>().ExecuteAsync(SignInStep.In, actor, context.RequestAborted);
        if (!recorded.Succeeded)
            throw new InvalidOperationException($"A sign-in could not be recorded: {recorded.Refusals[0].Code}");
    }

    /// <summary>Ends the sign-in with all its open pages and records it, as far as that can be done: it happens in any case. The directory is not asked, and a browser that is closed meanwhile takes nothing from the record.</summary>
    public static async Task NoteEndAsync(ClaimsPrincipal person, HttpContext context)
    {
        var services = context.RequestServices;
        var actor = IdentifyActor.Of(CurrentActor.PersonOf(person, CurrentActor.ClientOf(context)), null);
        if (OpenSignIns.Of(person) is { } signIn)
        {
            await services.GetRequiredService<SignOuts>().SaveAsync(services.GetRequiredService<OpenSignIns>().End(signIn), actor);
            return;
        }

        try
        {
            await AnswerInTime.AskAsync(ct => services.GetRequiredService<RecordSignIn>().ExecuteAsync(SignInStep.Out, actor, ct), SignOuts.Patience, services.GetRequiredService<TimeProvider>(), null, CancellationToken.None);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogNotRecorded(services.GetRequiredService<ILoggerFactory>().CreateLogger("Portal.Web.SignIn"), fault);
        }
    }

    [LoggerMessage(LogLevel.Error, "A sign-out could not be recorded; it happened all the same")]
    private static partial void LogNotRecorded(ILogger logger, Exception fault);
}
