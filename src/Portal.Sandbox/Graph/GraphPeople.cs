using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Company;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.Graph;

/// <summary>What is asked of one person, under <c>/me</c> and <c>/users/{id or userPrincipalName}</c>.</summary>
internal static class GraphPeople
{
    private const int MostIds = 20;

    public static IResult Get(HttpContext context, DirectoryState directory, string? id = null) =>
        Person(context, directory, id) is { } user ? GraphAnswers.One(context, "users", GraphShapes.Of((DirectoryObject)user)) : GraphError.NotFound(id!);

    public static IResult MemberOf(HttpContext context, DirectoryState directory, string? id = null) => Groups(context, directory, id, transitive: false);

    public static IResult TransitiveMemberOf(HttpContext context, DirectoryState directory, string? id = null) => Groups(context, directory, id, transitive: true);

    public static IResult AppRoleAssignments(HttpContext context, DirectoryState directory, string? id = null) =>
        Person(context, directory, id) is { } user
            ? GraphAnswers.List(context, "appRoleAssignments", directory.AppRoleAssignmentsOf(user.Id).Select(a => GraphShapes.Of(a, directory)))
            : GraphError.NotFound(id!);

    /// <summary>Which of the given groups the person belongs to, directly or through groups. At most 20 are taken, as in Graph.</summary>
    public static IResult CheckMemberGroups(HttpContext context, DirectoryState directory, GraphBody<CheckBody> body, string? id = null)
    {
        if (Person(context, directory, id) is not { } user) return GraphError.NotFound(id!);
        if (body.Value?.GroupIds is not { } ids) return GraphError.BadRequest("The parameter groupIds is missing.");
        if (ids.Count > MostIds) return GraphError.BadRequest("The number of values in the parameter groupIds exceeds the limit of 20.");
        if (GraphBody.NoGuidIn(ids) is { } bad) return bad;
        var groups = directory.GroupsOf(user.Id, transitive: true).Select(g => g.Id).ToHashSet();
        return GraphAnswers.Values("Edm.String", ids.OfType<string>().Where(i => groups.Contains(Guid.Parse(i))).Distinct(StringComparer.OrdinalIgnoreCase));
    }

    public static IResult GetMemberObjects(HttpContext context, DirectoryState directory, GraphBody<MemberBody> body, string? id = null)
    {
        if (Person(context, directory, id) is not { } user) return GraphError.NotFound(id!);
        if (body.Value?.SecurityEnabledOnly is null) return GraphError.BadRequest("The parameter securityEnabledOnly is missing.");
        return GraphAnswers.Values("Edm.String", directory.GroupsOf(user.Id, transitive: true).Select(g => g.Id.ToString()));
    }

    /// <summary>The person as OpenID Connect describes them: with the values of the id token, its subject too.</summary>
    public static IResult UserInfo(HttpContext context, DirectoryState directory)
    {
        var caller = GraphEndpoints.Caller(context);
        if (Person(context, directory, null) is not { } user) return GraphError.NotFound(caller.ObjectId.ToString());
        // Entra's tokens always say for which application they are; without one there is no subject to give.
        if (caller.AppId is not { } application) return GraphError.Unauthenticated("The access token names no application.");
        return Results.Json(new
        {
            sub = EntraClaims.SubjectOf(user.Id, application),
            name = user.DisplayName,
            given_name = user.GivenName,
            family_name = user.Surname,
            email = user.UserPrincipalName,
        });
    }

    private static IResult Groups(HttpContext context, DirectoryState directory, string? id, bool transitive) =>
        Person(context, directory, id) is { } user
            ? GraphAnswers.List(context, "directoryObjects", directory.GroupsOf(user.Id, transitive).Select(g => GraphShapes.Of((DirectoryObject)g)), typed: true)
            : GraphError.NotFound(id!);

    private static DirectoryUser? Person(HttpContext context, DirectoryState directory, string? id) =>
        id is null ? directory.Find(GraphEndpoints.Caller(context).ObjectId) as DirectoryUser
        : Guid.TryParse(id, out var oid) ? directory.Find(oid) as DirectoryUser
        : directory.Users.FirstOrDefault(u => string.Equals(u.UserPrincipalName, id, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Body of <c>checkMemberGroups</c>.</summary>
internal sealed record CheckBody(IReadOnlyList<string?>? GroupIds);

/// <summary>Body of <c>getMemberGroups</c> and <c>getMemberObjects</c>.</summary>
internal sealed record MemberBody(bool? SecurityEnabledOnly);
