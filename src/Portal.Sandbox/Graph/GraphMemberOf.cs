using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Graph;

/// <summary>The actions that say in which groups something is, directly or through groups: of objects of any kind, and of those of one.</summary>
internal static class GraphMemberOf
{
    private const int MostIds = 20;

    public static IResult Check<T>(DirectoryState directory, string @object, GraphBody<CheckBody> body) where T : DirectoryObject =>
        Find<T>(directory, @object) is { } found ? Check(directory, found, body) : GraphError.NotFound(@object);

    public static IResult All<T>(DirectoryState directory, string @object, GraphBody<MemberBody> body) where T : DirectoryObject =>
        Find<T>(directory, @object) is { } found ? All(directory, found, body) : GraphError.NotFound(@object);

    /// <summary>Which of the given groups the object belongs to. At most 20 are taken, as in Graph.</summary>
    public static IResult Check(DirectoryState directory, DirectoryObject of, GraphBody<CheckBody> body)
    {
        if (body.Value?.GroupIds is not { } ids) return GraphError.BadRequest("The parameter groupIds is missing.");
        if (ids.Count > MostIds) return GraphError.BadRequest("The number of values in the parameter groupIds exceeds the limit of 20.");
        if (GraphBody.NoGuidIn(ids) is { } bad) return bad;
        var groups = directory.GroupsOf(of.Id, transitive: true).Select(g => g.Id).ToHashSet();
        return GraphAnswers.Values("Edm.String", ids.OfType<string>().Where(i => groups.Contains(Guid.Parse(i))).Distinct(StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>All groups that the object belongs to. There is nothing else here that it could belong to.</summary>
    public static IResult All(DirectoryState directory, DirectoryObject of, GraphBody<MemberBody> body)
    {
        if (body.Value?.SecurityEnabledOnly is null) return GraphError.BadRequest("The parameter securityEnabledOnly is missing.");
        return GraphAnswers.Values("Edm.String", directory.GroupsOf(of.Id, transitive: true).Select(g => g.Id.ToString()));
    }

    private static DirectoryObject? Find<T>(DirectoryState directory, string id) where T : DirectoryObject =>
        Guid.TryParse(id, out var guid) ? directory.Find(guid) as T : null;
}

/// <summary>Body of <c>checkMemberGroups</c>.</summary>
internal sealed record CheckBody(IReadOnlyList<string?>? GroupIds);

/// <summary>Body of <c>getMemberGroups</c> and <c>getMemberObjects</c>.</summary>
internal sealed record MemberBody(bool? SecurityEnabledOnly);
