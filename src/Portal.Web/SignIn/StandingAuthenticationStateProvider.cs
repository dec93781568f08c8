using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace Portal.Web.SignIn;

/// <summary>Looks again, while a page stays open, whether its reader may still stay signed in. When not, they become anonymous and the page leaves.</summary>
public sealed class StandingAuthenticationStateProvider(ILoggerFactory loggers, StandingCheck check, OpenSignIns signIns) : RevalidatingServerAuthenticationStateProvider(loggers)
{
    // A browser lets the script of a page that has long been hidden look at the clock once a minute, and the script asks the server before it goes.
    private static readonly TimeSpan ScriptComesWithin = TimeSpan.FromSeconds(90);

    /// <summary>Whether the reader became anonymous because their sign-in was ended, by signing out elsewhere, and not because they lost anything.</summary>
    public bool SignInEnded { get; private set; }

    /// <summary>Whether the reader became anonymous because their sign-in ran out in time.</summary>
    public bool RanOut { get; private set; }

    /// <inheritdoc />
    protected override TimeSpan RevalidationInterval => StandingCheck.Every;

    /// <summary>Whether the page may still be before this reader.</summary>
    public async Task<bool> MayStayAsync(ClaimsPrincipal reader, CancellationToken ct)
    {
        // The page's script loads it anew when the sign-in runs out, and keeps what is written on it. Commands are refused by then; a page that has no such script leaves a little later.
        if (signIns.RanOutFor(reader) < ScriptComesWithin)
            return true;
        var stands = await check.StillStandsAsync(reader, ct);
        RanOut = signIns.RanOutFor(reader) is not null;
        // The check has asked the database; what it learned is known here by now.
        SignInEnded = !stands && !RanOut && (OpenSignIns.Of(reader) is null || signIns.HasEnded(reader));
        return stands;
    }

    /// <inheritdoc />
    protected override Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken) =>
        MayStayAsync(authenticationState.User, cancellationToken);
}
