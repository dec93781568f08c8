namespace Portal.Sandbox.Company;

/// <summary>Fenwick Trading: the company that every sandbox starts with. Ids are fixed, so that configuration and tests can name them.</summary>
public static class FenwickCompany
{
    /// <summary>The tenant.</summary>
    public static readonly Guid TenantId = new("8d2a4c1e-6b1f-4e0a-9d53-2f7c1b9e4a10");

    /// <summary>The tenant's domain.</summary>
    public const string Domain = "fenwick.example";

    /// <summary>Engineer of the payments team.</summary>
    public static readonly Guid Mira = new("1b0c7a52-3e61-4c8e-8a1d-6f0b5e2d9c01");

    /// <summary>Engineer of the logistics team.</summary>
    public static readonly Guid Jonas = new("2c1d8b63-4f72-4d9f-9b2e-701c6f3ead02");

    /// <summary>Approves for payments and is an engineer there.</summary>
    public static readonly Guid Priya = new("3d2e9c74-5083-4ea0-ac3f-812d704fbe03");

    /// <summary>Administrator of the portal; approves for logistics and platform.</summary>
    public static readonly Guid Tomas = new("4e3fad85-6194-4fb1-bd40-923e8150cf04");

    /// <summary>Auditor.</summary>
    public static readonly Guid Ingrid = new("5f40be96-72a5-40c2-8e51-a34f9261d005");

    /// <summary>Directory-only person of the logistics team with standing access to a vault.</summary>
    public static readonly Guid Oskar = new("6a51cfa7-83b6-41d3-9f62-b45a0372e106");

    /// <summary>Directory-only person of the logistics team.</summary>
    public static readonly Guid Hanna = Other(0x09);

    /// <summary>Directory-only person whose account is disabled.</summary>
    public static readonly Guid Walter = new("6a51cfa7-83b6-41d3-9f62-b45a0372e10d");

    /// <summary>Group payments-engineers.</summary>
    public static readonly Guid PaymentsEngineers = new("61a0c001-0000-4000-8000-000000000001");

    /// <summary>Group payments-approvers.</summary>
    public static readonly Guid PaymentsApprovers = new("61a0c001-0000-4000-8000-000000000002");

    /// <summary>Group logistics-engineers.</summary>
    public static readonly Guid LogisticsEngineers = new("61a0c001-0000-4000-8000-000000000003");

    /// <summary>Group logistics-approvers.</summary>
    public static readonly Guid LogisticsApprovers = new("61a0c001-0000-4000-8000-000000000004");

    /// <summary>Group platform-approvers.</summary>
    public static readonly Guid PlatformApprovers = new("61a0c001-0000-4000-8000-000000000005");

    /// <summary>Group platform-administrators.</summary>
    public static readonly Guid PlatformAdministrators = new("61a0c001-0000-4000-8000-000000000006");

    /// <summary>Group auditors.</summary>
    public static readonly Guid Auditors = new("61a0c001-0000-4000-8000-000000000007");

    /// <summary>Group all-engineers.</summary>
    public static readonly Guid AllEngineers = new("61a0c001-0000-4000-8000-000000000008");

    /// <summary>Group logistics-test-readers: holds Key Vault Secrets User at kv-logistics-test, and starts without members.</summary>
    public static readonly Guid LogisticsTestReaders = new("61a0c001-0000-4000-8000-000000000009");

    /// <summary>The portal's application (client) id.</summary>
    public static readonly Guid PortalClientId = new("7a11c0de-1111-4000-8000-00000000a001");

    /// <summary>Object id of the portal's service principal.</summary>
    public static readonly Guid PortalPrincipal = new("7a11c0de-1111-4000-8000-00000000b001");

    /// <summary>Application (client) id for foreign clients.</summary>
    public static readonly Guid ExplorerClientId = new("7a11c0de-1111-4000-8000-00000000a002");

    /// <summary>Object id of the explorer's service principal.</summary>
    public static readonly Guid ExplorerPrincipal = new("7a11c0de-1111-4000-8000-00000000b002");

    /// <summary>Application (client) id of the sandbox's own reader page.</summary>
    public static readonly Guid ReaderClientId = new("7a11c0de-1111-4000-8000-00000000a003");

    /// <summary>Object id of the reader page's service principal.</summary>
    public static readonly Guid ReaderPrincipal = new("7a11c0de-1111-4000-8000-00000000b003");

    internal static DirectoryState Create(TimeProvider clock)
    {
        var state = new DirectoryState(clock);
        foreach (var user in People()) state.Put(user);
        foreach (var group in Groups()) state.Put(group);
        foreach (var application in Applications()) state.Put(application);

        Join(state, PaymentsEngineers, Mira, Priya, Other(0x07), Other(0x08));
        Join(state, PaymentsApprovers, Priya);
        Join(state, LogisticsEngineers, Jonas, Oskar, Hanna);
        Join(state, LogisticsApprovers, Tomas);
        Join(state, PlatformApprovers, Tomas);
        Join(state, PlatformAdministrators, Tomas, Other(0x0a));
        Join(state, Auditors, Ingrid, Other(0x0b));
        Join(state, AllEngineers, Mira, Jonas, Priya, Oskar, Other(0x07), Other(0x08), Hanna, Walter);

        var portal = (DirectoryServicePrincipal)state.Find(PortalPrincipal)!;
        Give(state, portal, Mira, "Requester");
        Give(state, portal, Jonas, "Requester");
        Give(state, portal, Priya, "Requester", "Approver");
        Give(state, portal, Tomas, "Administrator", "Approver");
        Give(state, portal, Ingrid, "Auditor");
        return state;
    }

    private static IEnumerable<DirectoryUser> People() =>
    [
        Person(Mira, "Mira Okafor", "mira", "Software engineer", "Payments") with { Introduction = "Engineer of the payments team. Asks for access to payments secrets." },
        Person(Jonas, "Jonas Lindqvist", "jonas", "Software engineer", "Logistics") with { Introduction = "Engineer of the logistics team. Asks for access to logistics secrets." },
        Person(Priya, "Priya Raman", "priya", "Lead engineer", "Payments") with { Introduction = "Approves for payments, and is an engineer there herself." },
        Person(Tomas, "Tomás Herrera", "tomas", "Platform lead", "Platform") with { Introduction = "Administrator of the portal. Approves for logistics and platform." },
        Person(Ingrid, "Ingrid Vale", "ingrid", "Internal auditor", "Risk and audit") with { Introduction = "Auditor. Sees every step and changes nothing." },
        Person(Oskar, "Oskar Dahl", "oskar", "Warehouse systems engineer", "Logistics"),
        Person(Other(0x07), "Amara Nwosu", "amara", "Software engineer", "Payments"),
        Person(Other(0x08), "Felix Brandt", "felix", "Test engineer", "Payments"),
        Person(Hanna, "Hanna Koskinen", "hanna", "Data engineer", "Logistics"),
        Person(Other(0x0a), "Samir Haddad", "samir", "Site reliability engineer", "Platform"),
        Person(Other(0x0b), "Beatrice Moreau", "beatrice", "Compliance officer", "Risk and audit"),
        Person(Other(0x0c), "Leonie Fischer", "leonie", "Controller", "Finance"),
        Person(Walter, "Walter Quinn", "walter", "Software engineer (left)", "Payments") with { AccountEnabled = false },
    ];

    private static IEnumerable<DirectoryGroup> Groups() =>
    [
        new(PaymentsEngineers, "payments-engineers", "Engineers of the payments team"),
        new(PaymentsApprovers, "payments-approvers", "Approve access to payments secrets"),
        new(LogisticsEngineers, "logistics-engineers", "Engineers of the logistics team"),
        new(LogisticsApprovers, "logistics-approvers", "Approve access to logistics secrets"),
        new(PlatformApprovers, "platform-approvers", "Approve access to platform secrets"),
        new(PlatformAdministrators, "platform-administrators", "Administrators of the platform"),
        new(Auditors, "auditors", "Internal audit"),
        new(AllEngineers, "all-engineers", "Everyone who builds"),
        new(LogisticsTestReaders, "logistics-test-readers", "Read secrets of kv-logistics-test while they are in it"),
    ];

    private static IEnumerable<DirectoryServicePrincipal> Applications() =>
    [
        new(PortalPrincipal, "Access portal", PortalClientId)
        {
            AppRoles =
            [
                new(new("7a11c0de-1111-4000-8000-00000000d001"), "Requester", "Asks for access"),
                new(new("7a11c0de-1111-4000-8000-00000000d002"), "Approver", "Decides on requests"),
                new(new("7a11c0de-1111-4000-8000-00000000d003"), "Auditor", "Reads the audit trail"),
                new(new("7a11c0de-1111-4000-8000-00000000d004"), "Administrator", "Runs the portal"),
            ],
            ApiScopes = ["access_as_user"],
            GraphScopes = ["User.Read"],
            GraphRoles = ["Application.Read.All", "Directory.Read.All", "GroupMember.ReadWrite.All", "User.Read.All"],
        },
        new(ExplorerPrincipal, "Explorer", ExplorerClientId)
        {
            GraphScopes = ["Directory.Read.All", "User.Read"],
            GraphRoles = ["Directory.Read.All", "GroupMember.ReadWrite.All", "User.Read.All"],
        },
        new(ReaderPrincipal, "Sandbox reader page", ReaderClientId) { GraphScopes = ["User.Read"] },
    ];

    private static DirectoryUser Person(Guid id, string name, string alias, string jobTitle, string department) =>
        new(id, name, $"{alias}@{Domain}", jobTitle, department);

    // The directory-only people differ in the last byte of one id.
    private static Guid Other(int lastByte) => new($"6a51cfa7-83b6-41d3-9f62-b45a0372e1{lastByte:x2}");

    private static void Join(DirectoryState state, Guid group, params Guid[] members)
    {
        foreach (var member in members) state.AddMember(group, member);
    }

    private static void Give(DirectoryState state, DirectoryServicePrincipal application, Guid person, params string[] roles)
    {
        foreach (var role in roles) state.AssignAppRole(person, application, role);
    }
}
