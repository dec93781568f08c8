using System.Security.Claims;
using Microsoft.Identity.Web;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Asks whether a person who signed in some time ago may still stay signed in.</summary>
/// <remarks>What a person may do is checked by each use case; this only ends what an open page would otherwise go on showing.</remarks>
public sealed class StandingCheck(RecentStandings standings, OpenSignIns signIns, TimeProvider clock)
{
    /// <summary>How often an open page is looked at.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    /// <summary>How old an answer of the directory may be by which it is looked at. With <see cref="Every"/> it bounds how long a lost role stays on screen.</summary>
    public static readonly TimeSpan AnswerHolds = TimeSpan.FromSeconds(20);

    /// <summary>Whether the sign-in is still open, and the account enabled and with every role that it signed in with.</summary>
    /// <returns>True as well when the directory cannot be asked, unless it said otherwise since they signed in: use cases refuse by themselves what needs it.</returns>
    public async Task<bool> StillStandsAsync(ClaimsPrincipal person, CancellationToken ct)
    {
        if (!Guid.TryParse(person.GetTenantId(), out var tenant) || !Guid.TryParse(person.GetObjectId(), out var oid))
            return false;
        if (await signIns.HasEndedAsync(person, ct))
            return false;
        var id = new PrincipalId(tenant, oid);
        // An answer from before the sign-in knows nothing of the role that somebody signed in for, on whichever instance they did.
        var begun = OpenSignIns.BegunAt(person);
        var since = begun is null ? AnswerHolds : clock.GetUtcNow() - begun.Value;
        var standing = await standings.OfAsync(id, since < AnswerHolds ? since : AnswerHolds, ct) ?? standings.Before(id, begun);
        return standing is null || (standing.Enabled && RolesOf(person).All(standing.Roles.Contains));
    }

    /// <summary>The portal's roles in a sign-in; values that are no role of the portal are left out.</summary>
    public static IEnumerable<PortalRole> RolesOf(ClaimsPrincipal person) =>
        from role in Enum.GetValues<PortalRole>() where person.IsInRole(role.ToString()) select role;
}
