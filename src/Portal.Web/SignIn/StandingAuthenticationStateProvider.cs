using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace Portal.Web.SignIn;

/// <summary>Looks again, while a page stays open, whether its reader may still stay signed in. When not, they become anonymous and the page leaves.</summary>
public sealed class StandingAuthenticationStateProvider(ILoggerFactory loggers, StandingCheck check) : RevalidatingServerAuthenticationStateProvider(loggers)
{
    /// <inheritdoc />
    protected override TimeSpan RevalidationInterval => StandingCheck.Every;

    /// <inheritdoc />
    protected override Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken) =>
        check.StillStandsAsync(authenticationState.User, cancellationToken);
}
