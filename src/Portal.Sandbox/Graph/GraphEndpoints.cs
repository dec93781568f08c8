using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Portal.Sandbox.Company;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.Graph;

/// <summary>The calls of Graph v1.0 that are answered, each with the permissions that its documentation names.</summary>
internal static class GraphEndpoints
{
    private const string Own = "User.Read";
    private static readonly string[] ReadUsers = ["User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"];
    private static readonly string[] ReadGroups = ["GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"];
    private static readonly string[] ReadDeleted = ["Group.Read.All", "Group.ReadWrite.All", "User.Read.All", "User.ReadWrite.All", "Application.Read.All", "Directory.Read.All"];
    private static readonly string[] WriteMembers = ["GroupMember.ReadWrite.All", "Group.ReadWrite.All"];
    private static readonly string[] ReadMemberships = [.. ReadGroups, "User.Read.All"];
    private static readonly string[] ReadApplications = ["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"];
    private static readonly string[] ReadAppRoles = ["Directory.Read.All", "AppRoleAssignment.ReadWrite.All"];

    public static void MapGraph(this WebApplication app)
    {
        var graph = app.MapGroup("").RequireHost("graph.microsoft.com");
        foreach (var person in new[] { "/v1.0/me", "/v1.0/users/{id}" })
        {
            Map(graph, "GET", person, GraphPeople.Get, ReadUsers, Own);
            Map(graph, "GET", person + "/memberOf", GraphPeople.MemberOf, ReadMemberships, Own);
            Map(graph, "GET", person + "/transitiveMemberOf", GraphPeople.TransitiveMemberOf, ReadMemberships, Own);
            Map(graph, "GET", person + "/appRoleAssignments", GraphPeople.AppRoleAssignments, ReadAppRoles, null);
            Map(graph, "POST", person + "/checkMemberGroups", GraphPeople.CheckMemberGroups, ReadMemberships, Own);
            Map(graph, "POST", person + "/getMemberGroups", GraphPeople.GetMemberObjects, ReadMemberships, Own);
            Map(graph, "POST", person + "/getMemberObjects", GraphPeople.GetMemberObjects, ReadMemberships, Own);
        }

        Map(graph, "GET", "/v1.0/users", GraphDirectory.Users, ReadUsers, null);
        Map(graph, "GET", "/v1.0/groups", GraphDirectory.Groups, ReadGroups, null);
        Map(graph, "GET", "/v1.0/groups/{group}", GraphDirectory.Group, ReadGroups, null);
        Map(graph, "GET", "/v1.0/groups/{group}/members", GraphMembers.List, ReadGroups, null);
        Map(graph, "GET", "/v1.0/groups/{group}/transitiveMembers", GraphMembers.ListTransitive, ReadGroups, null);
        Map(graph, "POST", "/v1.0/groups/{group}/members/$ref", GraphMembers.Add, WriteMembers, null);
        Map(graph, "DELETE", "/v1.0/groups/{group}/members/{member}/$ref", GraphMembers.Remove, WriteMembers, null);
        Map(graph, "GET", "/v1.0/servicePrincipals", GraphDirectory.ServicePrincipals, ReadApplications, null);
        Map(graph, "GET", "/v1.0/servicePrincipals/{application}", GraphDirectory.ServicePrincipal, ReadApplications, null);
        Map(graph, "GET", "/v1.0/servicePrincipals(appId='{appId}')", GraphDirectory.ServicePrincipal, ReadApplications, null);
        Map(graph, "GET", "/v1.0/directory/deletedItems/{deleted:guid}", GraphDirectory.Deleted, ReadDeleted, null);
        Map(graph, "GET", "/v1.0/directoryObjects/{object}", GraphDirectory.Object, [.. ReadMemberships, .. ReadUsers], null);
        Map(graph, "POST", "/v1.0/directoryObjects/getByIds", GraphDirectory.GetByIds, [.. ReadMemberships, .. ReadUsers], null);
        MapMemberOf<DirectoryObject>(graph, "directoryObjects", ReadMemberships);
        MapMemberOf<DirectoryGroup>(graph, "groups", ReadGroups);
        MapMemberOf<DirectoryServicePrincipal>(graph, "servicePrincipals", [.. ReadApplications, .. ReadMemberships]);
        foreach (var method in new[] { "GET", "POST" }) Map(graph, method, "/oidc/userinfo", GraphPeople.UserInfo, [Own, "openid"], null);
        graph.Map("/{**rest}", (HttpContext context) => new GraphError(StatusCodes.Status400BadRequest, "BadRequest",
            $"Resource not found for the segment '{context.Request.Path.ToString().TrimEnd('/').Split('/')[^1]}'.")).AddEndpointFilter(new GraphGate([], null));
    }

    private static void MapMemberOf<T>(RouteGroupBuilder graph, string kind, string[] permissions) where T : DirectoryObject
    {
        var item = $"/v1.0/{kind}/{{object}}/";
        Map(graph, "POST", item + "checkMemberGroups", GraphMemberOf.Check<T>, permissions, null);
        Map(graph, "POST", item + "getMemberGroups", GraphMemberOf.All<T>, permissions, null);
        Map(graph, "POST", item + "getMemberObjects", GraphMemberOf.All<T>, permissions, null);
    }

    private static void Map(RouteGroupBuilder graph, string method, string path, Delegate handler, string[] permissions, string? own) =>
        graph.MapMethods(path, [method], handler).AddEndpointFilter(new GraphGate(permissions, own));

    /// <summary>The caller, whom the gate has let in.</summary>
    public static CallerToken Caller(HttpContext context) => AccessTokenReader.CallerOf(context)!;
}
