using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Graph;

/// <summary>The members of a group: listing, adding and removing by reference.</summary>
internal static class GraphMembers
{
    public static IResult List(HttpContext context, DirectoryState directory, string group) =>
        Find(directory, group) is { } found ? GraphAnswers.List(context, "directoryObjects", directory.MembersOf(found).Select(GraphShapes.Of), typed: true) : GraphError.NotFound(group);

    public static IResult ListTransitive(HttpContext context, DirectoryState directory, string group)
    {
        if (Find(directory, group) is not { } found) return GraphError.NotFound(group);
        var seen = new HashSet<Guid> { found };
        var members = new List<DirectoryObject>();
        var next = new Queue<Guid>([found]);
        while (next.TryDequeue(out var id))
            foreach (var member in directory.MembersOf(id).Where(m => seen.Add(m.Id)))
            {
                members.Add(member);
                if (member is DirectoryGroup) next.Enqueue(member.Id);
            }

        return GraphAnswers.List(context, "directoryObjects", members.Select(GraphShapes.Of), typed: true);
    }

    public static IResult Add(DirectoryState directory, string group, GraphBody<ReferenceBody> body)
    {
        if (Find(directory, group) is not { } found) return GraphError.NotFound(group);
        if (!Uri.TryCreate(body.Value?.Id, UriKind.Absolute, out var reference) || !Guid.TryParse(reference.Segments.LastOrDefault(), out var member))
            return GraphError.BadRequest("Invalid URL format specified in @odata.id.");
        if (directory.Find(member) is null) return GraphError.NotFound(member.ToString());
        return directory.AddMember(found, member)
            ? Results.NoContent()
            : GraphError.BadRequest("One or more added object references already exist for the following modified properties: 'members'.");
    }

    public static IResult Remove(DirectoryState directory, string group, string member)
    {
        if (Find(directory, group) is not { } found) return GraphError.NotFound(group);
        return Guid.TryParse(member, out var id) && directory.RemoveMember(found, id) ? Results.NoContent() : GraphError.NotFound(member);
    }

    private static Guid? Find(DirectoryState directory, string group) => Guid.TryParse(group, out var id) && directory.Find(id) is DirectoryGroup ? id : null;
}

/// <summary>Body of a reference: the address of an object.</summary>
internal sealed record ReferenceBody([property: JsonPropertyName("@odata.id")] string? Id);
