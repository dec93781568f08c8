using Portal.Sandbox.Company;

namespace Portal.Sandbox.Graph;

/// <summary>The type of what an address gives: which properties a call may select and filter by. Those that the shapes have, and no other.</summary>
internal sealed class GraphType
{
    private static readonly Dictionary<string, object?> User = GraphShapes.Of(new DirectoryUser(Guid.Empty, "A Person", "", "", ""));
    private static readonly Dictionary<string, object?> Group = GraphShapes.Of(new DirectoryGroup(Guid.Empty, "", ""));
    private static readonly Dictionary<string, object?> ServicePrincipal = GraphShapes.Of(new DirectoryServicePrincipal(Guid.Empty, "", Guid.Empty));
    private static readonly Dictionary<string, object?> AppRole = GraphShapes.Of(new AppRoleAssignment(Guid.Empty, Guid.Empty, Guid.Empty, Guid.Empty), new DirectoryState(TimeProvider.System));

    private static readonly Dictionary<string, GraphType> ByEntitySet = new(StringComparer.Ordinal)
    {
        ["users"] = new("user", User),
        ["groups"] = new("group", Group),
        ["servicePrincipals"] = new("servicePrincipal", ServicePrincipal),
        ["appRoleAssignments"] = new("appRoleAssignment", AppRole),
        // Of mixed objects each kind's own can be selected.
        ["directoryObjects"] = new("directoryObject", User, Group, ServicePrincipal),
    };

    private readonly HashSet<string> _all = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _plain = new(StringComparer.Ordinal);
    private readonly HashSet<string> _listed = new(StringComparer.Ordinal);

    private GraphType(string name, params Dictionary<string, object?>[] shapes)
    {
        Name = "microsoft.graph." + name;
        foreach (var (property, value) in shapes.SelectMany(s => s).Where(p => p.Key[0] != '@'))
        {
            _all.Add(property);
            if (value is string[]) _listed.Add(property);
            else if (value is not Array) _plain.Add(property);
        }
    }

    /// <summary>As Graph calls it.</summary>
    public string Name { get; }

    /// <summary>The type of what is in an entity set.</summary>
    public static GraphType Of(string entitySet) => ByEntitySet[entitySet];

    /// <summary>Whether there is such a property, in whatever case it is written.</summary>
    public bool Has(string property) => _all.Contains(property);

    /// <summary>Whether a property has one value that can be compared.</summary>
    public bool HasPlain(string property) => _plain.Contains(property);

    /// <summary>Whether a property is a list of texts that can be looked through.</summary>
    public bool HasList(string property) => _listed.Contains(property);
}
