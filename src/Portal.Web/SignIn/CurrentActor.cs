using System.Diagnostics;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Identity.Web;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Makes the actor of the person behind a page. One that may do nothing when nobody is signed in any more, or the sign-in is known to have ended.</summary>
public sealed class CurrentActor(AuthenticationStateProvider state, ClientOfCircuit client, IdentifyActor identify, RecentStandings standings, OpenSignIns signIns)
{
    /// <summary>How old an answer of the directory may be by which a page is drawn: as old as the one by which it is closed can get, so that open pages ask for nothing beside that.</summary>
    public static readonly TimeSpan LooksHold = StandingCheck.Every + StandingCheck.AnswerHolds;

    /// <summary>The actor of one command. Asks the directory each time, so make it when the command is given and do not keep it.</summary>
    public async Task<Actor> GetAsync(CancellationToken ct = default) =>
        await PersonAsync() is { } person ? await standings.AskAnewAsync(identify, person, ct) : Nobody;

    /// <summary>The actor who looks on while a page is drawn and redrawn, by what the directory said a moment ago. Not for commands.</summary>
    public async Task<Actor> GetReaderAsync(CancellationToken ct = default) =>
        await PersonAsync() is { } person ? IdentifyActor.Of(person, await standings.OfAsync(person.Id, LooksHold, ct), standings.Before(person.Id, person.SignedInAt)) : Nobody;

    /// <summary>Whether the sign-in behind the page has run out in time. Its script loads the page anew within moments, with what is written on it by then.</summary>
    public async Task<bool> HasRunOutAsync() => signIns.RanOutFor((await state.GetAuthenticationStateAsync()).User) is not null;

    private ClientInfo From => new(client.Address, client.UserAgent);

    private Actor Nobody => new(ActorKind.Person, null, "", null, new HashSet<PortalRole>(), new HashSet<Guid>()) { Enabled = false, Client = From };

    private async Task<SignedInPerson?> PersonAsync()
    {
        var user = (await state.GetAuthenticationStateAsync()).User;
        return user.Identity?.IsAuthenticated == true && !signIns.HasEnded(user) ? PersonOf(user, From) : null;
    }

    /// <summary>The actor of an HTTP request, for endpoints.</summary>
    /// <exception cref="InvalidOperationException">Nobody is signed in.</exception>
    public static Task<Actor> OfAsync(HttpContext context, CancellationToken ct)
    {
        var services = context.RequestServices;
        return services.GetRequiredService<RecentStandings>().AskAnewAsync(services.GetRequiredService<IdentifyActor>(), PersonOf(context.User, ClientOf(context)), ct);
    }

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
            Activity.Current?.TraceId.ToString())
        {
            SignedInAt = OpenSignIns.BegunAt(person),
        };
    }

    /// <summary>From where an HTTP request comes.</summary>
    internal static ClientInfo ClientOf(HttpContext context)
    {
        // Cut, because anyone may send anything here and it is kept with the audit trail.
        var agent = context.Request.Headers.UserAgent.ToString();
        return new ClientInfo(context.Connection.RemoteIpAddress?.ToString(), agent.Length == 0 ? null : agent[..Math.Min(agent.Length, 256)]);
    }
}
