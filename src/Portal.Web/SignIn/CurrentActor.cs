using System.Diagnostics;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Identity.Web;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Makes the actor for one command of the person behind a page. Asks the directory each time, so make it when the command is given and do not keep it.</summary>
public sealed class CurrentActor(AuthenticationStateProvider state, ClientOfCircuit client, IdentifyActor identify)
{
    /// <summary>The actor of this page's reader; one that may do nothing when nobody is signed in any more.</summary>
    public async Task<Actor> GetAsync(CancellationToken ct = default)
    {
        var user = (await state.GetAuthenticationStateAsync()).User;
        var from = new ClientInfo(client.Address, client.UserAgent);
        return user.Identity?.IsAuthenticated == true
            ? await identify.ExecuteAsync(PersonOf(user, from), ct)
            : new Actor(ActorKind.Person, null, "", null, new HashSet<PortalRole>(), new HashSet<Guid>()) { Enabled = false, Client = from };
    }

    /// <summary>The actor of an HTTP request, for endpoints.</summary>
    /// <exception cref="InvalidOperationException">Nobody is signed in.</exception>
    public static Task<Actor> OfAsync(HttpContext context, CancellationToken ct) => context.RequestServices.GetRequiredService<IdentifyActor>()
        .ExecuteAsync(PersonOf(context.User, ClientOf(context)), ct);

    /// <summary>What a sign-in says of a person.</summary>
    internal static SignedInPerson PersonOf(ClaimsPrincipal person, ClientInfo client)
    {
        if (!Guid.TryParse(person.GetTenantId(), out var tenant) || !Guid.TryParse(person.GetObjectId(), out var id))
            throw new InvalidOperationException("Nobody is signed in.");
        return new SignedInPerson(
            new PrincipalId(tenant, id),
            person.FindFirstValue("name") ?? person.Identity?.Name ?? id.ToString(),
            person.Identity?.Name,
            StandingCheck.RolesOf(person).ToHashSet(),
            person.FindAll("groups").Select(claim => Guid.TryParse(claim.Value, out var group) ? group : Guid.Empty).Where(group => group != Guid.Empty).ToHashSet(),
            client,
            Activity.Current?.TraceId.ToString());
    }

    /// <summary>From where an HTTP request comes.</summary>
    internal static ClientInfo ClientOf(HttpContext context)
    {
        // Cut, because anyone may send anything here and it is kept with the audit trail.
        var agent = context.Request.Headers.UserAgent.ToString();
        return new ClientInfo(context.Connection.RemoteIpAddress?.ToString(), agent.Length == 0 ? null : agent[..Math.Min(agent.Length, 256)]);
    }
}
