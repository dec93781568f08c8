using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace Portal.Web.SignIn;

/// <summary>Looks again, while a page stays open, whether its reader may still stay signed in. When not, they become anonymous and the page leaves.</summary>
public sealed class StandingAuthenticationStateProvider(ILoggerFactory loggers, StandingCheck check, OpenSignIns signIns) : RevalidatingServerAuthenticationStateProvider(loggers)
{
    /// <summary>Whether the reader became anonymous because their sign-in ended, by signing out elsewhere or in time, and not because they lost anything.</summary>
    public bool SignInEnded { get; private set; }

    /// <inheritdoc />
    protected override TimeSpan RevalidationInterval => StandingCheck.Every;

    /// <inheritdoc />
    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        var stands = await check.StillStandsAsync(authenticationState.User, cancellationToken);
        // The check has asked the database; what it learned is known here by now.
        SignInEnded = !stands && (OpenSignIns.Of(authenticationState.User) is null || signIns.HasEnded(authenticationState.User));
        return stands;
    }
}
