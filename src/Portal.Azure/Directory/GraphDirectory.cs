using Microsoft.Graph.Models;
using Portal.Azure.Connection;
using Portal.Core;
using Portal.Core.Identity;

namespace Portal.Azure.Directory;

/// <summary>The directory through Microsoft Graph.</summary>
internal sealed class GraphDirectory(CloudConnection connection, PortalAppRoles appRoles) : IDirectory
{
    /// <remarks>A person waits for this at every command, so the three questions are asked at once.</remarks>
    public async Task<Standing> StandingOfAsync(PrincipalId person, CancellationToken ct)
    {
        if (person.TenantId != connection.TenantId)
            return Standing.None;
        var id = person.ObjectId.ToString();
        var enabled = IsEnabledAsync(id, ct);
        var roles = RolesOfAsync(id, ct);
        var groups = GroupsOfAsync(id, ct);
        // All of them end before anything is decided, so that none fails unseen.
        await Task.WhenAll(enabled, roles, groups).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await enabled ? new Standing(true, await roles, await groups) : Standing.None;
    }

    public async Task<DirectoryPrincipal?> FindAsync(PrincipalId principal, CancellationToken ct)
    {
        if (principal.TenantId != connection.TenantId)
            return null;
        var id = principal.ObjectId.ToString();
        // By kind, not by directoryObjects/{id}: that one does not give accountEnabled. Nearly always it is a person.
        if (await UnlessMissingAsync(() => connection.Graph.Users[id].GetAsync(r => r.QueryParameters.Select = ["id", "displayName", "userPrincipalName", "accountEnabled"], ct), ct) is { } user)
            return new DirectoryPrincipal(principal, PrincipalKind.User, user.DisplayName ?? user.UserPrincipalName ?? id, user.UserPrincipalName, EnabledOf(user));
        if (await UnlessMissingAsync(() => connection.Graph.Groups[id].GetAsync(r => r.QueryParameters.Select = ["id", "displayName"], ct), ct) is { } group)
            return new DirectoryPrincipal(principal, PrincipalKind.Group, group.DisplayName ?? id, null, true);
        if (await UnlessMissingAsync(() => connection.Graph.ServicePrincipals[id].GetAsync(r => r.QueryParameters.Select = ["id", "displayName", "accountEnabled"], ct), ct) is { } application)
            return new DirectoryPrincipal(principal, PrincipalKind.ServicePrincipal, application.DisplayName ?? id, null, application.AccountEnabled ?? true);
        return null;
    }

    private async Task<bool> IsEnabledAsync(string id, CancellationToken ct) =>
        await UnlessMissingAsync(() => connection.Graph.Users[id].GetAsync(r => r.QueryParameters.Select = ["id", "accountEnabled"], ct), ct) is { } user && EnabledOf(user);

    /// <summary>Roles given to the person or to a group they are directly in: Entra counts no nested groups here, and neither do its tokens.</summary>
    private async Task<IReadOnlySet<PortalRole>> RolesOfAsync(string id, CancellationToken ct)
    {
        var portal = await appRoles.ReadAsync(ct);
        var assignments = connection.Graph.Users[id].AppRoleAssignments;
        var given = await PagesAsync<AppRoleAssignmentCollectionResponse, AppRoleAssignment>(
            () => assignments.GetAsync(r => r.QueryParameters.Filter = $"resourceId eq {portal.ObjectId}", ct),
            link => assignments.WithUrl(link).GetAsync(cancellationToken: ct),
            page => page.Value, ct);
        return given.Where(a => a.ResourceId == portal.ObjectId && a.AppRoleId is { } role && portal.Roles.ContainsKey(role))
            .Select(a => portal.Roles[a.AppRoleId!.Value]).ToHashSet();
    }

    private async Task<IReadOnlySet<Guid>> GroupsOfAsync(string id, CancellationToken ct)
    {
        // Directory roles and administrative units come along and are told apart by their type: asking for groups only is an
        // "advanced query" in Graph, answered from an index that lags behind.
        var memberships = connection.Graph.Users[id].TransitiveMemberOf;
        var found = await PagesAsync<DirectoryObjectCollectionResponse, DirectoryObject>(
            () => memberships.GetAsync(r => { r.QueryParameters.Select = ["id"]; r.QueryParameters.Top = 999; }, ct),
            link => memberships.WithUrl(link).GetAsync(cancellationToken: ct),
            page => page.Value, ct);
        return found.OfType<Group>().Select(g => Guid.TryParse(g.Id, out var group) ? group : throw CloudFaults.Unreadable("A group without its id.")).ToHashSet();
    }

    private async Task<List<TItem>> PagesAsync<TPage, TItem>(Func<Task<TPage?>> first, Func<string, Task<TPage?>> following, Func<TPage, List<TItem>?> items, CancellationToken ct)
        where TPage : BaseCollectionPaginationCountResponse
    {
        var trail = new PageTrail(connection.GraphAddress);
        var all = new List<TItem>();
        // No such person: the question about the account says so too. Later pages have no such excuse.
        var page = await UnlessMissingAsync(first, ct);
        while (page is not null)
        {
            all.AddRange(items(page) ?? throw CloudFaults.Unreadable("A list without its items."));
            var next = trail.Next(page.OdataNextLink);
            page = next is null ? null : await AnswerOfAsync(() => following(next.AbsoluteUri), ct);
        }
        return all;
    }

    private static bool EnabledOf(User user) =>
        user.AccountEnabled ?? throw CloudFaults.Unreadable("The answer lacks accountEnabled; the portal's identity needs User.Read.All.");

    private static async Task<T> AnswerOfAsync<T>(Func<Task<T?>> call, CancellationToken ct) where T : class =>
        await CloudFaults.GuardAsync(call, ct) ?? throw CloudFaults.Unreadable("Graph answered with nothing.");

    /// <returns>Null for what Graph itself says is not there.</returns>
    private static async Task<T?> UnlessMissingAsync<T>(Func<Task<T?>> call, CancellationToken ct) where T : class
    {
        try
        {
            return await AnswerOfAsync(call, ct);
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            return null;
        }
    }
}
