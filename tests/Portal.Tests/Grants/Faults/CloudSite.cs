using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Faults;

/// <summary>A call that the engine makes on the way to giving a role or to taking it back.</summary>
/// <param name="Name">What the call is for.</param>
/// <param name="Fits">Which calls on the wire it is.</param>
/// <param name="Taking">True for a call on the way to taking back.</param>
public sealed record CloudSite(string Name, Func<SandboxWorld, FaultCall, bool> Fits, bool Taking = false)
{
    private const string Arm = "management.azure.com";
    private const string Graph = "graph.microsoft.com";

    public static IReadOnlyList<CloudSite> All { get; } =
    [
        new("vault", (_, c) => Is(c, Arm, "GET", "/vaults/kv-payments-prod") && c.Path.EndsWith("/kv-payments-prod", StringComparison.OrdinalIgnoreCase)),
        new("locks", (_, c) => Is(c, Arm, "GET", "/providers/Microsoft.Authorization/locks")),
        new("role definition", (_, c) => Is(c, Arm, "GET", "/roleDefinitions/")),
        new("holder", (w, c) => Is(c, Graph, "GET", $"/users/{w.PersonId}") && c.Path.EndsWith(w.PersonId.ToString(), StringComparison.OrdinalIgnoreCase)),
        new("holder's roles", (w, c) => Is(c, Graph, "GET", $"/users/{w.PersonId}/appRoleAssignments")),
        new("holder's groups", (w, c) => Is(c, Graph, "GET", $"/users/{w.PersonId}/transitiveMemberOf")),
        new("approver", (_, c) => Is(c, Graph, "GET", $"/users/{FenwickCompany.Priya}")),
        new("put", (w, c) => Is(c, Arm, "PUT", $"/roleAssignments/{w.AssignmentId}")),
        new("read back", (w, c) => Is(c, Arm, "GET", $"/roleAssignments/{w.AssignmentId}")),
        new("delete", (w, c) => Is(c, Arm, "DELETE", $"/roleAssignments/{w.AssignmentId}"), Taking: true),
        new("read back gone", (w, c) => Is(c, Arm, "GET", $"/roleAssignments/{w.AssignmentId}"), Taking: true),
    ];

    public static CloudSite Find(string name) => All.Single(s => s.Name == name);

    public bool IsGraph => Name.StartsWith("holder", StringComparison.Ordinal) || Name == "approver";

    public override string ToString() => Name;

    private static bool Is(FaultCall call, string service, string method, string part) =>
        call.Service.Equals(service, StringComparison.OrdinalIgnoreCase) && call.Method == method && call.Path.Contains(part, StringComparison.OrdinalIgnoreCase);
}
