using System.Security.Claims;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Puts sign-ins and sign-outs on record. One that cannot be recorded does not happen.</summary>
internal static class SignInRecord
{
    public static async Task WriteAsync(SignInStep step, ClaimsPrincipal person, HttpContext context)
    {
        var services = context.RequestServices;
        var actor = await services.GetRequiredService<IdentifyActor>().ExecuteAsync(CurrentActor.PersonOf(person, CurrentActor.ClientOf(context)), context.RequestAborted);
        var recorded = await services.GetRequiredService<RecordSignIn>().ExecuteAsync(step, actor, context.RequestAborted);
        if (!recorded.Succeeded)
            throw new InvalidOperationException($"A sign-in could not be recorded: {recorded.Refusals[0].Code}");
    }
}
