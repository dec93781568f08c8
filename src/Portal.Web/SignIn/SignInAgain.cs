using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Identity.Web;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Lets somebody who is signed in and signs in again go on with the same sign-in, so that signing out ends what was open before as well.</summary>
/// <remarks>Noted in the challenge's sealed state: Entra ID's answer comes across sites, and the cookie does not come with it.</remarks>
internal static class SignInAgain
{
    private const string Noted = "portal_sign_in_again";

    /// <summary>Notes the sign-in that is open now, if there is one.</summary>
    public static AuthenticationProperties Note(ClaimsPrincipal person, AuthenticationProperties challenge)
    {
        if (person.Identity?.IsAuthenticated == true && OpenSignIns.Of(person) is { } signIn)
            challenge.Items[Noted] = string.Create(CultureInfo.InvariantCulture, $"{signIn.Id:N} {signIn.ExpiresAt.ToUnixTimeSeconds()} {WhoIs(person)}");
        return challenge;
    }

    /// <summary>The sign-in that goes on. Takes the note away, which would come into the cookie otherwise.</summary>
    /// <returns>Null when none was noted, when it is another person's, and when it has ended meanwhile.</returns>
    public static async Task<SignInEnd?> TakeAsync(AuthenticationProperties? challenge, ClaimsPrincipal person, OpenSignIns signIns, CancellationToken ct)
    {
        if (challenge is null || !challenge.Items.Remove(Noted, out var noted) || noted?.Split(' ', 3) is not [var id, var end, var who] || who != WhoIs(person))
            return null;
        var signIn = new SignInEnd(Guid.ParseExact(id, "N"), DateTimeOffset.FromUnixTimeSeconds(long.Parse(end, CultureInfo.InvariantCulture)));
        return await signIns.HasEndedAsync(signIn, ct) ? null : signIn;
    }

    private static string WhoIs(ClaimsPrincipal person) => $"{person.GetTenantId()} {person.GetObjectId()}";
}
