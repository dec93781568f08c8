using System.Security.Claims;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Identity.Web;
using Portal.Core;
using Portal.Core.Identity;

namespace Portal.Web.SignIn;

/// <summary>Asks whether a person who signed in some time ago may still stay signed in.</summary>
/// <remarks>What a person may do is checked by each use case; this only ends what an open page would otherwise go on showing.</remarks>
public sealed partial class StandingCheck(IServiceScopeFactory scopes, IMemoryCache cache, ILogger<StandingCheck> logger)
{
    /// <summary>How long an answer holds. With the circuit's own interval it bounds how long a lost role stays on screen.</summary>
    public static readonly TimeSpan AnswerHolds = TimeSpan.FromSeconds(20);

    /// <summary>Whether the account is enabled and still has every role that it signed in with.</summary>
    /// <returns>True as well when the directory cannot be asked: use cases refuse by themselves what needs it.</returns>
    public async Task<bool> StillStandsAsync(ClaimsPrincipal person, CancellationToken ct)
    {
        if (!Guid.TryParse(person.GetTenantId(), out var tenant) || !Guid.TryParse(person.GetObjectId(), out var oid))
            return false;
        var id = new PrincipalId(tenant, oid);
        var standing = await cache.GetOrCreateAsync(("standing", id), async entry =>
        {
            entry.AbsoluteExpirationRelativeToNow = AnswerHolds;
            return await AskAsync(id, ct);
        });
        return standing is null || (standing.Enabled && RolesOf(person).All(standing.Roles.Contains));
    }

    /// <summary>The portal's roles in a sign-in; values that are no role of the portal are left out.</summary>
    public static IEnumerable<PortalRole> RolesOf(ClaimsPrincipal person) =>
        from role in Enum.GetValues<PortalRole>() where person.IsInRole(role.ToString()) select role;

    private async Task<Standing?> AskAsync(PrincipalId person, CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            return await scope.ServiceProvider.GetRequiredService<IDirectory>().StandingOfAsync(person, ct);
        }
        catch (CloudCallException exception)
        {
            LogNotAsked(exception);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The directory could not say whether someone who is signed in still has their roles; they stay signed in")]
    private partial void LogNotAsked(Exception exception);
}
