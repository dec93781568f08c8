using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Graph;

/// <summary>Lists and look-ups of users, groups, service principals and objects of any kind.</summary>
internal static class GraphDirectory
{
    private const int MostIds = 1000;

    public static IResult Users(HttpContext context, DirectoryState directory) => GraphAnswers.List(context, "users", directory.Users.Select(GraphShapes.Of));

    public static IResult Groups(HttpContext context, DirectoryState directory) => GraphAnswers.List(context, "groups", directory.Groups.Select(GraphShapes.Of));

    public static IResult ServicePrincipals(HttpContext context, DirectoryState directory) =>
        GraphAnswers.List(context, "servicePrincipals", directory.ServicePrincipals.Select(GraphShapes.Of));

    public static IResult Group(HttpContext context, DirectoryState directory, string group) =>
        Guid.TryParse(group, out var id) && directory.Find(id) is DirectoryGroup found ? GraphAnswers.One(context, "groups", GraphShapes.Of((DirectoryObject)found)) : GraphError.NotFound(group);

    public static IResult ServicePrincipal(HttpContext context, DirectoryState directory, string? application = null, string? appId = null)
    {
        var found = Guid.TryParse(application ?? appId, out var id)
            ? application is null ? directory.FindApplication(id) : directory.Find(id) as DirectoryServicePrincipal
            : null;
        return found is null ? GraphError.NotFound((application ?? appId)!) : GraphAnswers.One(context, "servicePrincipals", GraphShapes.Of((DirectoryObject)found));
    }

    public static IResult Object(HttpContext context, DirectoryState directory, string @object)
    {
        if (!Guid.TryParse(@object, out var id) || directory.Find(id) is not { } found) return GraphError.NotFound(@object);
        return GraphAnswers.One(context, "directoryObjects", GraphShapes.Of(found), typed: true);
    }

    public static IResult Deleted(HttpContext context, DirectoryState directory, string deleted) =>
        Guid.TryParse(deleted, out var id) && directory.FindDeleted(id) is { } found ? GraphAnswers.One(context, "directoryObjects", GraphShapes.OfDeleted(found, directory.DeletedOn(id)), typed: true) : GraphError.NotFound(deleted);

    public static IResult GetByIds(HttpContext context, DirectoryState directory, GraphBody<IdsBody> body)
    {
        if (body.Value?.Ids is not { } ids) return GraphError.BadRequest("The parameter ids is missing.");
        if (ids.Count > MostIds) return GraphError.BadRequest("The number of values in the parameter ids exceeds the limit of 1000.");
        if (GraphBody.NoGuidIn(ids) is { } bad) return bad;
        var found = ids.Select(i => Guid.Parse(i!)).Distinct().Select(directory.Find).OfType<DirectoryObject>().Where(o => body.Value.Types is null || body.Value.Types.Any(t => IsOf(o, t)));
        return GraphAnswers.List(context, "directoryObjects", found.Select(GraphShapes.Of), typed: true, paged: false);
    }

    private static bool IsOf(DirectoryObject item, string? type) => type switch
    {
        "user" => item is DirectoryUser,
        "group" => item is DirectoryGroup,
        "servicePrincipal" => item is DirectoryServicePrincipal,
        "directoryObject" => true,
        _ => false,
    };
}

/// <summary>Body of <c>getByIds</c>.</summary>
internal sealed record IdsBody(IReadOnlyList<string?>? Ids, IReadOnlyList<string?>? Types);
