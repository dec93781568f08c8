using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Company;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.Graph;

/// <summary>What is asked of one person, under <c>/me</c> and <c>/users/{id or userPrincipalName}</c>.</summary>
internal static class GraphPeople
{
    public static IResult Get(HttpContext context, DirectoryState directory, string? id = null) =>
        Person(context, directory, id) is { } user ? GraphAnswers.One(context, "users", GraphShapes.Of((DirectoryObject)user)) : GraphError.NotFound(id!);

    public static IResult MemberOf(HttpContext context, DirectoryState directory, string? id = null) => Groups(context, directory, id, transitive: false);

    public static IResult TransitiveMemberOf(HttpContext context, DirectoryState directory, string? id = null) => Groups(context, directory, id, transitive: true);

    public static IResult AppRoleAssignments(HttpContext context, DirectoryState directory, string? id = null) =>
        Person(context, directory, id) is { } user
            ? GraphAnswers.List(context, "appRoleAssignments", directory.AppRoleAssignmentsOf(user.Id).Select(a => GraphShapes.Of(a, directory)))
            : GraphError.NotFound(id!);

    public static IResult CheckMemberGroups(HttpContext context, DirectoryState directory, GraphBody<CheckBody> body, string? id = null) =>
        Person(context, directory, id) is { } user ? GraphMemberOf.Check(directory, user, body) : GraphError.NotFound(id!);

    public static IResult GetMemberObjects(HttpContext context, DirectoryState directory, GraphBody<MemberBody> body, string? id = null) =>
        Person(context, directory, id) is { } user ? GraphMemberOf.All(directory, user, body) : GraphError.NotFound(id!);

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
