using Portal.Azure.Connection;
using Portal.Core;
using Portal.Core.Identity;

namespace Portal.Azure.Directory;

/// <summary>The app roles that the portal's own service principal offers. Kept for minutes: they change with a release, not with a person.</summary>
internal sealed class PortalAppRoles(CloudConnection connection, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private volatile Kept? kept;

    /// <summary>The service principal's object id, and which app role means which of our roles.</summary>
    internal async Task<PortalPrincipal> ReadAsync(CancellationToken ct)
    {
        if (kept is { } k && clock.GetElapsedTime(k.Since) < Lifetime)
            return k.Principal;
        var since = clock.GetTimestamp();
        var found = await CloudFaults.GuardAsync(() => connection.Graph.ServicePrincipals.GetAsync(r =>
        {
            r.QueryParameters.Filter = $"appId eq '{connection.Application.ClientId}'";
            r.QueryParameters.Select = ["id", "appId", "appRoles"];
        }, ct), ct);
        var principal = found?.Value?.FirstOrDefault(p => string.Equals(p.AppId, connection.Application.ClientId, StringComparison.OrdinalIgnoreCase));
        if (!Guid.TryParse(principal?.Id, out var id))
            throw new CloudCallException(AttentionCode.ServicePrincipalNotFound, "The tenant has no service principal for AzureAd:ClientId.", null, isTransient: false);
        var roles = new Dictionary<Guid, PortalRole>();
        foreach (var role in principal.AppRoles ?? [])
            // A role that is switched off is not sent in tokens either. Names are compared as Entra sends them: case counts.
            if (role is { IsEnabled: not false, Id: { } roleId, Value: { } value } && Array.Find(Enum.GetValues<PortalRole>(), r => r.ToString() == value) is var known && known.ToString() == value)
                roles[roleId] = known;
        var fresh = new PortalPrincipal(id, roles);
        kept = new Kept(fresh, since);
        return fresh;
    }

    private sealed record Kept(PortalPrincipal Principal, long Since);
}

/// <summary>The portal in the directory.</summary>
internal sealed record PortalPrincipal(Guid ObjectId, IReadOnlyDictionary<Guid, PortalRole> Roles);
