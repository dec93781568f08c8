using System.Globalization;
using System.Text.Json;
using Azure.Core;
using Azure.ResourceManager;
using Portal.Azure.Connection;
using Portal.Core.Catalog;

namespace Portal.Azure.Inventory;

/// <summary>Subscriptions, vaults and locks. Stands in for Azure.ResourceManager.KeyVault, which can take its place.</summary>
/// <param name="client">The process's client.</param>
/// <param name="id">The root for subscriptions, a subscription for its vaults and locks, a vault for itself.</param>
internal sealed class VaultOperations(ArmClient client, ResourceIdentifier id) : ArmCalls(client, id)
{
    private const string VaultsApiVersion = "2023-07-01";
    private const string RolesApiVersion = "2022-04-01";
    private const string LocksApiVersion = "2016-09-01";
    private const string SubscriptionsApiVersion = "2022-12-01";

    internal IAsyncEnumerable<(Guid Id, string? State)> ListSubscriptionsAsync(CancellationToken ct) =>
        ListAsync(() => Message(RequestMethod.Get, "/subscriptions", SubscriptionsApiVersion), s => (s.NeededGuid("subscriptionId"), s.Text("state")), ct);

    internal IAsyncEnumerable<VaultSeen> ListVaultsAsync(IReadOnlyList<ArmLock> locks, CancellationToken ct) =>
        ListAsync(() => Message(RequestMethod.Get, "/providers/Microsoft.KeyVault/vaults", VaultsApiVersion), v => Read(v, locks), ct);

    internal Task<VaultSeen> GetVaultAsync(CancellationToken ct) =>
        CloudFaults.GuardAsync(async () =>
        {
            using var message = Message(RequestMethod.Get, "", VaultsApiVersion);
            using var document = JsonDocument.Parse((await SendAsync(message, ct)).Content);
            return Read(document.RootElement, []);
        }, ct);

    /// <summary>A role definition, as it holds at this resource.</summary>
    internal Task<RoleSeen> GetRoleAsync(Guid roleDefinitionId, CancellationToken ct) =>
        CloudFaults.GuardAsync(async () =>
        {
            using var message = Message(RequestMethod.Get, $"/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}", RolesApiVersion);
            using var document = JsonDocument.Parse((await SendAsync(message, ct)).Content);
            if (document.RootElement.Member("properties")?.Member("permissions") is not { ValueKind: JsonValueKind.Array } permissions)
                throw CloudFaults.Unreadable("A role definition without permissions.");
            return new RoleSeen([.. Texts(permissions, "actions")], [.. Texts(permissions, "dataActions")]);
        }, ct);

    private static IEnumerable<string> Texts(JsonElement permissions, string name)
    {
        foreach (var permission in permissions.EnumerateArray())
            if (permission.Member(name) is { ValueKind: JsonValueKind.Array } actions)
                foreach (var action in actions.EnumerateArray())
                    yield return action.GetString() ?? throw CloudFaults.Unreadable("A role definition with an action that is no text.");
    }

    /// <summary>All locks of a subscription, on whatever stands in it: the one list that is documented to leave none out.</summary>
    internal async Task<IReadOnlyList<ArmLock>> ListLocksAsync(CancellationToken ct)
    {
        var locks = new List<ArmLock>();
        await foreach (var found in ListAsync(() => Message(RequestMethod.Get, "/providers/Microsoft.Authorization/locks", LocksApiVersion), ArmLock.Read, ct))
            locks.Add(found);
        return locks;
    }

    private static VaultSeen Read(JsonElement vault, IReadOnlyList<ArmLock> locks)
    {
        var properties = vault.Member("properties") ?? throw CloudFaults.Unreadable("A vault without properties.");
        var id = vault.Needed("id");
        if (!Uri.TryCreate(properties.Needed("vaultUri"), UriKind.Absolute, out var uri))
            throw CloudFaults.Unreadable("vaultUri in the answer is no address.");
        var tags = vault.Member("tags") is { ValueKind: JsonValueKind.Object } map
            ? map.EnumerateObject().ToDictionary(t => t.Name, t => t.Value.ToString(), StringComparer.OrdinalIgnoreCase)
            : new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        // Left out means false at this api-version: the vault goes by access policies.
        var model = properties.Member("enableRbacAuthorization") is { ValueKind: JsonValueKind.True } ? PermissionModel.RoleAssignments : PermissionModel.AccessPolicies;
        return new VaultSeen(id, vault.Needed("name"), vault.Needed("location"), uri, model, tags, ArmLock.Over(id, locks))
        {
            TenantId = Guid.TryParse(properties.Text("tenantId"), out var tenant) ? tenant : null,
            CreatedAt = DateTimeOffset.TryParse(vault.Member("systemData")?.Text("createdAt"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var created) ? created : null,
        };
    }
}

/// <summary>A lock. CanNotDelete and ReadOnly both forbid that a role assignment is taken back.</summary>
/// <param name="Scope">What it locks: that and everything below.</param>
/// <param name="Name">Its name.</param>
internal sealed record ArmLock(string Scope, string Name)
{
    private const string Segment = "/providers/Microsoft.Authorization/locks/";

    internal static ArmLock Read(JsonElement found)
    {
        var id = found.Needed("id");
        var end = id.LastIndexOf(Segment, StringComparison.OrdinalIgnoreCase);
        if (end < 0)
            throw CloudFaults.Unreadable("A lock whose id names no scope.");
        // Every level counts, also one that is not known today: a lock that is misjudged means access that cannot be taken back.
        return new ArmLock(id[..end], found.Needed("name"));
    }

    /// <summary>The name of the first lock at a scope or above it.</summary>
    internal static string? Over(string scope, IReadOnlyList<ArmLock> locks) =>
        locks.FirstOrDefault(l => ArmScope.Covers(l.Scope, scope))?.Name;
}
