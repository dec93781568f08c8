using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.ResourceManager;

/// <summary>Tenants, subscriptions, resource groups, vaults and the list of resources: all read only.</summary>
internal static partial class InventoryCalls
{
    private const string VaultType = "Microsoft.KeyVault/vaults";

    public static Task TenantsAsync(ArmCall call)
    {
        DemandNoFilter(call, "tenants");
        return call.PageAsync([FenwickCompany.TenantId], id => new JsonObject
        {
            ["id"] = $"/tenants/{id}",
            ["tenantId"] = id.ToString(),
            ["displayName"] = "Fenwick Trading",
            ["defaultDomain"] = FenwickCompany.Domain,
            ["domains"] = new JsonArray(FenwickCompany.Domain),
            ["tenantCategory"] = "Home",
        });
    }

    public static Task SubscriptionsAsync(ArmCall call)
    {
        DemandNoFilter(call, "subscriptions");
        return call.PageAsync(call.State.Subscriptions.Where(s => call.State.IsVisible(call.Principals, s.Scope)), Shape);
    }

    public static Task SubscriptionAsync(ArmCall call, ArmScope scope)
    {
        call.DemandExistence(scope);
        call.Demand(scope, "Microsoft.Resources/subscriptions/read");
        return call.AnswerAsync(200, Shape(call.State.Subscriptions.First(s => s.Scope == scope)));
    }

    public static Task ResourceGroupsAsync(ArmCall call, ArmScope subscription, string? name)
    {
        if (name is null)
        {
            call.DemandExistence(subscription);
            // Azure finds them by their tags; these have none.
            DemandNoFilter(call, "resource groups");
            return call.PageAsync(call.State.ResourceGroups.Where(g => subscription.Covers(g.Scope) && MaySee(call, g.Scope, "Microsoft.Resources/subscriptions/resourceGroups/read")), Shape, call.Top);
        }

        var scope = subscription.Child("resourceGroups", name);
        call.Demand(scope, "Microsoft.Resources/subscriptions/resourceGroups/read");
        call.DemandExistence(scope);
        return call.IsHead ? call.NothingAsync(204) : call.AnswerAsync(200, Shape(call.State.ResourceGroups.First(g => g.Scope == scope)));
    }

    public static Task VaultsAsync(ArmCall call, ArmScope scope)
    {
        call.DemandExistence(scope);
        call.Demand(scope, VaultType + "/read");
        DemandNoFilter(call, "vaults");
        return call.PageAsync(call.State.Vaults.Where(v => scope.Covers(v.Scope)), Shape, call.Top);
    }

    public static Task VaultAsync(ArmCall call, ArmScope scope)
    {
        call.Demand(scope, VaultType + "/read");
        call.DemandExistence(scope);
        return call.AnswerAsync(200, Shape(call.State.FindVault(scope.VaultName!)!));
    }

    public static Task ResourcesAsync(ArmCall call, ArmScope scope)
    {
        call.DemandExistence(scope);
        var match = ResourceFilter().Match(call.Filter);
        if (call.Filter.Length > 0 && !match.Success)
            throw new ArmException(400, "InvalidFilterInQueryString",
                $"Invalid $filter '{call.Filter}' specified in the query string. The sandbox supports 'resourceType eq' and 'name eq', once each and joined by 'and'.");
        var (type, name) = (match.Groups["type"], match.Groups["name"]);
        var any = !type.Success || type.Value.Equals(VaultType, StringComparison.OrdinalIgnoreCase);
        // The list shows what the caller may read and hides the rest.
        return call.PageAsync(call.State.Vaults.Where(v => any && (!name.Success || name.Value.Equals(v.Name, StringComparison.OrdinalIgnoreCase)) && scope.Covers(v.Scope) && MaySee(call, v.Scope, VaultType + "/read")), v => new JsonObject
        {
            ["id"] = v.Scope.Value,
            ["name"] = v.Name,
            ["type"] = VaultType,
            ["location"] = v.Location,
            ["tags"] = Tags(v.Tags),
        }, call.Top);
    }

    public static Task ProvidersAsync(ArmCall call, ArmScope subscription)
    {
        call.DemandExistence(subscription);
        DemandNoFilter(call, "providers");
        return call.PageAsync(ApiVersions.Providers, p => Provider(subscription, p));
    }

    public static Task ProviderAsync(ArmCall call, ArmScope subscription, string name)
    {
        call.DemandExistence(subscription);
        return call.AnswerAsync(200, Provider(subscription, Known(name)));
    }

    /// <summary><c>POST …/{provider}/register</c>: all of them are registered, so that nothing changes.</summary>
    public static Task RegisterAsync(ArmCall call, ArmScope subscription, string name)
    {
        if (!call.IsPost) throw ArmException.MethodNotAllowed(call.Request.Method);
        call.DemandExistence(subscription);
        call.Demand(subscription, Known(name) + "/register/action");
        return call.AnswerAsync(200, Provider(subscription, Known(name)));
    }

    private static void DemandNoFilter(ArmCall call, string what)
    {
        if (call.Filter.Length > 0)
            throw new ArmException(400, "InvalidFilterInQueryString", $"Invalid $filter '{call.Filter}' specified in the query string. The sandbox supports none for {what}.");
    }

    private static string Known(string name) => ApiVersions.Providers.FirstOrDefault(p => p.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArmException(404, "InvalidResourceNamespace", $"The resource namespace '{name}' is invalid.");

    private static JsonNode Provider(ArmScope subscription, string name) => new JsonObject
    {
        ["id"] = $"{subscription}/providers/{name}",
        ["namespace"] = name,
        ["registrationState"] = "Registered",
        ["registrationPolicy"] = "RegistrationRequired",
        ["resourceTypes"] = new JsonArray([.. ApiVersions.Of(name).Select(t => (JsonNode)new JsonObject
        {
            ["resourceType"] = t.Type,
            ["locations"] = new JsonArray("West Europe"),
            ["apiVersions"] = new JsonArray([.. t.Versions.Reverse().Select(v => (JsonNode)JsonValue.Create(v))]),
            ["capabilities"] = "SupportsTags, SupportsLocation",
        })]),
    };

    private static bool MaySee(ArmCall call, ArmScope scope, string action) =>
        call.State.Decide(call.Principals, scope, ConditionInput.Of(action), isData: false).Allowed;

    private static JsonNode Shape(Subscription s) => new JsonObject
    {
        ["id"] = s.Scope.Value,
        ["authorizationSource"] = "RoleBased",
        ["managedByTenants"] = new JsonArray(),
        ["subscriptionId"] = s.Id.ToString(),
        ["tenantId"] = FenwickCompany.TenantId.ToString(),
        ["displayName"] = s.DisplayName,
        ["state"] = "Enabled",
        ["subscriptionPolicies"] = new JsonObject { ["locationPlacementId"] = "Public_2014-09-01", ["quotaId"] = "EnterpriseAgreement_2014-09-01", ["spendingLimit"] = "Off" },
    };

    private static JsonNode Shape(ResourceGroup g) => new JsonObject
    {
        ["id"] = g.Scope.Value,
        ["name"] = g.Name,
        ["type"] = "Microsoft.Resources/resourceGroups",
        ["location"] = g.Location,
        ["properties"] = new JsonObject { ["provisioningState"] = "Succeeded" },
    };

    private static JsonNode Shape(VaultResource v)
    {
        var properties = new JsonObject
        {
            ["sku"] = new JsonObject { ["family"] = "A", ["name"] = "standard" },
            ["tenantId"] = FenwickCompany.TenantId.ToString(),
            ["accessPolicies"] = new JsonArray([.. v.AccessPolicies.Select(p => (JsonNode)new JsonObject
            {
                ["tenantId"] = FenwickCompany.TenantId.ToString(),
                ["objectId"] = p.ObjectId.ToString(),
                ["permissions"] = new JsonObject { ["secrets"] = new JsonArray([.. p.Secrets.Select(s => (JsonNode)JsonValue.Create(s))]) },
            })]),
            ["enabledForDeployment"] = false,
            ["enableSoftDelete"] = true,
            ["softDeleteRetentionInDays"] = v.SoftDeleteRetentionInDays,
            ["enableRbacAuthorization"] = v.EnableRbacAuthorization,
            ["vaultUri"] = $"https://{v.Name}.vault.azure.net/",
            ["provisioningState"] = "Succeeded",
            ["publicNetworkAccess"] = "Enabled",
        };
        // Azure shows this one only where it is on: it cannot be switched off.
        if (v.EnablePurgeProtection) properties["enablePurgeProtection"] = true;
        return new JsonObject
        {
            ["id"] = v.Scope.Value,
            ["name"] = v.Name,
            ["type"] = VaultType,
            ["location"] = v.Location,
            ["tags"] = Tags(v.Tags),
            ["systemData"] = new JsonObject { ["createdAt"] = v.CreatedOn.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture) },
            ["properties"] = properties,
        };
    }

    private static JsonObject Tags(ImmutableSortedDictionary<string, string> tags) => [.. tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)JsonValue.Create(t.Value)))];

    // Key Vault's own list in the management libraries asks by type; the command line adds the name.
    [GeneratedRegex(@"^(?:resourceType\s+eq\s+'(?<type>[^']+)'(?:\s+and\s+name\s+eq\s+'(?<name>[^']+)')?|name\s+eq\s+'(?<name>[^']+)'(?:\s+and\s+resourceType\s+eq\s+'(?<type>[^']+)')?)$", RegexOptions.IgnoreCase)]
    private static partial Regex ResourceFilter();
}
