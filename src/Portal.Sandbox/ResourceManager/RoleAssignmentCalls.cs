using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.ResourceManager;

/// <summary><c>{scope}/providers/Microsoft.Authorization/roleAssignments</c>.</summary>
internal static partial class RoleAssignmentCalls
{
    private const string Provider = "Microsoft.Authorization/roleAssignments";
    private const int MaxDescription = 1024;

    // As the reference of the call lists them.
    private static readonly string[] PrincipalTypes = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"];

    public static Task AnswerAsync(ArmCall call, ArmScope scope, string? name)
    {
        if (name is null) return call.IsGet ? ListAsync(call, scope) : throw ArmException.MethodNotAllowed(call.Request.Method);
        if (!Guid.TryParse(name, out var id))
            throw new ArmException(400, "InvalidRoleAssignmentId", $"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.");
        if (call.IsGet) return GetAsync(call, scope, id);
        if (call.IsPut) return PutAsync(call, scope, id);
        if (call.IsDelete) return DeleteAsync(call, scope, id);
        throw ArmException.MethodNotAllowed(call.Request.Method);
    }

    /// <summary><c>{subscription}/providers/Microsoft.Authorization/roleAssignmentsUsageMetrics</c>: how many there are, and how many there may be.</summary>
    public static Task UsageAsync(ArmCall call, ArmScope scope)
    {
        if (!call.IsGet) throw ArmException.MethodNotAllowed(call.Request.Method);
        if (scope.SubscriptionId is not { } subscription || scope != ArmScope.OfSubscription(subscription)) throw new ArmException(400, "InvalidScope", $"The scope '{scope}' is not a subscription.");
        call.Demand(scope, "Microsoft.Authorization/roleAssignmentsUsageMetrics/read");
        call.DemandExistence(scope);
        var (used, limit) = (call.State.CountAssignments(subscription), call.State.AssignmentLimit);
        return call.AnswerAsync(200, new JsonObject { ["roleAssignmentsLimit"] = limit, ["roleAssignmentsCurrentCount"] = used, ["roleAssignmentsRemainingCount"] = limit - used });
    }

    private static Task GetAsync(ArmCall call, ArmScope scope, Guid name)
    {
        call.Demand(scope, Provider + "/read");
        call.DemandExistence(scope);
        // No exception: every removal is read back, and this is what it finds.
        return call.State.FindVisible(scope, name) is { } found
            ? call.AnswerAsync(200, Shape(scope, found))
            : call.AnswerAsync(404, ArmCall.ErrorBody("RoleAssignmentNotFound", $"The role assignment '{name:N}' is not found."));
    }

    private static async Task PutAsync(ArmCall call, ArmScope scope, Guid name)
    {
        var body = await call.BodyAsync();
        var properties = body["properties"] as JsonObject ?? throw BadFormat();
        var roleId = RoleIdOf(Text(properties, "roleDefinitionId"));
        if (!Guid.TryParse(Text(properties, "principalId"), out var principal))
            throw new ArmException(400, "InvalidPrincipalId", $"The Principal ID '{Text(properties, "principalId")}' is not valid. Principal ID must be a GUID.");
        var type = Text(properties, "principalType");
        // Before any condition is asked about it: a text of any length would keep one busy for as long as somebody likes. The code that Azure answers with is not documented.
        if (type is not null && !PrincipalTypes.Contains(type, StringComparer.OrdinalIgnoreCase))
            throw new ArmException(400, "BadRequestFormat", $"The principal type is none of {string.Join(", ", PrincipalTypes)}.");

        call.Demand(scope, Provider + "/write", Input("write", "Request", roleId, principal, type ?? TypeOf(call.Control.Directory.Find(principal))));
        call.DemandExistence(scope);
        call.DemandUnlocked(scope, $"{scope}/providers/{Provider}/{name}");
        if (call.State.FindRole(roleId) is null)
            throw new ArmException(404, "RoleDefinitionDoesNotExist", $"The specified role definition with ID '{roleId:N}' does not exist.");
        type = CheckedType(call, principal, type);
        var (condition, version) = CheckedCondition(properties);
        var description = Text(properties, "description");
        // The limit is documented; the code that Azure answers with is not.
        if (description?.Length > MaxDescription) throw new ArmException(400, "BadRequestFormat", $"The description must not be longer than {MaxDescription} characters.");

        var (outcome, result) = call.State.Put(new RoleAssignment(name, scope, roleId, principal, type)
        {
            Description = description,
            Condition = condition,
            ConditionVersion = version,
            DelegatedManagedIdentityResourceId = Text(properties, "delegatedManagedIdentityResourceId"),
            CreatedBy = call.Caller.ObjectId,
            UpdatedBy = call.Caller.ObjectId,
        });
        await (outcome switch
        {
            PutOutcome.Created => call.AnswerAsync(201, Shape(scope, result!)),
            PutOutcome.Updated => call.AnswerAsync(200, Shape(scope, result!)),
            PutOutcome.Exists => throw new ArmException(409, "RoleAssignmentExists", "The role assignment already exists."),
            PutOutcome.UpdateNotPermitted => throw new ArmException(400, "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."),
            // The status is the one that fits a refusal for good; the documentation gives the code and the words only.
            PutOutcome.LimitExceeded => throw new ArmException(400, "RoleAssignmentLimitExceeded", "No more role assignments can be created."),
        });
    }

    private static Task DeleteAsync(ArmCall call, ArmScope scope, Guid name)
    {
        var found = call.State.FindAssignment(name) is { } a && a.Scope == scope ? a : null;
        call.Demand(scope, Provider + "/delete",
            found is null ? ConditionInputForMissing() : Input("delete", "Resource", found.RoleDefinitionId, found.PrincipalId, found.PrincipalType));
        call.DemandExistence(scope);
        if (found is null) return call.NothingAsync(204);
        call.DemandUnlocked(scope, found.Id);
        return call.State.RemoveAssignment(name) is { } removed ? call.AnswerAsync(200, Shape(scope, removed)) : call.NothingAsync(204);
    }

    // What is not there has no role that a condition could refuse: a holder of Key Vault Data Access Administrator gets 204 as well.
    private static ConditionInput ConditionInputForMissing() =>
        Input("delete", "Resource", BuiltInRoles.KeyVaultSecretsUser, Guid.Empty, "User");

    private static Task ListAsync(ArmCall call, ArmScope scope)
    {
        call.Demand(scope, Provider + "/read");
        call.DemandExistence(scope);
        var wanted = Wanted(call, scope);
        return call.PageAsync(call.State.VisibleAssignments().Where(v => wanted(v.Assignment)), a => Shape(scope, a));
    }

    /// <summary>
    /// What a list at a scope shows under the call's filter: with <c>atScope()</c> at the scope and above it, otherwise below it as well.
    /// Of schedules, <c>asTarget()</c> gives what was made for the caller, and <c>roleDefinitionId eq</c> one role; role assignments themselves have
    /// no such filters, and theirs of a principal stands without <c>atScope()</c>, as Azure's command line says.
    /// </summary>
    /// <exception cref="ArmException">400 InvalidFilter.</exception>
    public static Func<RoleAssignment, bool> Wanted(ArmCall call, ArmScope scope, bool ofSchedules = false)
    {
        var (atScope, ofPrincipal) = (false, false);
        var wanted = new List<Func<RoleAssignment, bool>>();
        // Terraform puts the whole into brackets.
        var filter = Bracketed().Match(call.Filter) is { Success: true } bracketed ? bracketed.Groups[1].Value : call.Filter;
        foreach (var clause in And().Split(filter).Select(c => c.Trim()).Where(c => c.Length > 0))
        {
            if (AtScope().IsMatch(clause)) atScope = true;
            else if (Principal().Match(clause) is { Success: true } direct && Guid.TryParse(direct.Groups[1].Value, out var id))
            {
                ofPrincipal = true;
                wanted.Add(a => a.PrincipalId == id);
            }
            else if (ofSchedules && Role().Match(clause) is { Success: true } named && Guid.TryParse(named.Groups[1].Value, out var role)) wanted.Add(a => a.RoleDefinitionId == role);
            else if (AssignedTo().Match(clause) is { Success: true } any && Guid.TryParse(any.Groups[1].Value, out var member))
            {
                var principals = call.Control.Directory.PrincipalsOf(member);
                wanted.Add(a => principals.Contains(a.PrincipalId));
            }
            else if (ofSchedules && AsTarget().IsMatch(clause)) wanted.Add(a => a.PrincipalId == call.Caller.ObjectId);
            else throw Unsupported(ofSchedules ? "Supported filters are 'atScope()', 'principalId eq', 'roleDefinitionId eq', 'asTarget()' and 'assignedTo()'." : "Supported filters are 'atScope()', 'principalId eq' and 'assignedTo()'.");
        }

        if (atScope && ofPrincipal && !ofSchedules) throw Unsupported("'atScope()' and 'principalId eq' cannot be used together.");

        return a => (a.Scope.Covers(scope) || (!atScope && scope.Covers(a.Scope))) && wanted.TrueForAll(w => w(a));

        ArmException Unsupported(string why) => new(400, "InvalidFilter", $"The filter '{call.Filter}' is not supported. {why}");
    }

    private static JsonNode Shape(ArmScope asked, RoleAssignment a) => new JsonObject
    {
        ["properties"] = new JsonObject
        {
            // The subscription is the one that was asked: what is given at the root shows that of each scope at which it is listed.
            ["roleDefinitionId"] = RoleDefinitionCalls.IdAt(asked, a.RoleDefinitionId),
            ["principalId"] = a.PrincipalId.ToString(),
            ["principalType"] = a.PrincipalType,
            ["scope"] = a.Scope.Value,
            ["condition"] = a.Condition,
            ["conditionVersion"] = a.ConditionVersion,
            ["createdOn"] = Instant(a.CreatedOn),
            ["updatedOn"] = Instant(a.UpdatedOn),
            ["createdBy"] = a.CreatedBy?.ToString(),
            ["updatedBy"] = a.UpdatedBy?.ToString(),
            ["delegatedManagedIdentityResourceId"] = a.DelegatedManagedIdentityResourceId,
            ["description"] = a.Description,
        },
        ["id"] = a.Id,
        ["type"] = Provider,
        ["name"] = a.Name.ToString(),
    };

    public static ConditionInput Input(string verb, string source, Guid role, Guid principal, string? type) => new($"{Provider}/{verb}", (from, attribute) => from == source
        ? attribute switch
        {
            Provider + ":RoleDefinitionId" => role.ToString(),
            Provider + ":PrincipalId" => principal.ToString(),
            Provider + ":PrincipalType" => type,
            _ => null,
        }
        : null);

    public static string CheckedType(ArmCall call, Guid principal, string? sent)
    {
        var known = call.Control.Directory.Find(principal);
        // Azure lets a principal pass that it has not seen yet when the type is sent; one that never existed is refused here either way.
        if (known is null || (sent is null && call.Control.Propagation.IsHidden(principal)))
        {
            throw new ArmException(400, "PrincipalNotFound", $"Principal {principal:N} does not exist in the directory {FenwickCompany.TenantId}. "
                + "Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. "
                + "In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype");
        }

        var actual = TypeOf(known)!;
        if (sent is null || sent.Equals(actual, StringComparison.OrdinalIgnoreCase)) return actual;
        throw new ArmException(400, "UnmatchedPrincipalType", $"The PrincipalId '{principal:N}' has type '{actual}' , which is different from specified PrinciaplType '{sent}'.");
    }

    public static (string? Condition, string? Version) CheckedCondition(JsonObject properties)
    {
        if (Text(properties, "condition") is not { Length: > 0 } condition) return (null, null);
        var version = Text(properties, "conditionVersion") ?? "2.0";
        if (version != "2.0") throw new ArmException(400, "InvalidConditionVersion", $"The condition version '{version}' is not supported. The supported version is '2.0'.");
        try
        {
            AbacCondition.Parse(condition);
            return (condition, version);
        }
        catch (FormatException e)
        {
            throw new ArmException(400, "InvalidCondition", $"The condition is not valid. {e.Message}");
        }
    }

    public static Guid RoleIdOf(string? roleDefinitionId)
    {
        if (roleDefinitionId is null) throw BadFormat();
        var match = RoleDefinitionId().Match(roleDefinitionId);
        if (match.Success && Guid.TryParse(match.Groups[1].Value, out var id)) return id;
        throw new ArmException(400, "InvalidRoleDefinitionId",
            $"The role definition ID '{roleDefinitionId[(roleDefinitionId.LastIndexOf('/') + 1)..]}' is not valid. The role definition ID must be a GUID.");
    }

    public static string? TypeOf(DirectoryObject? principal) => principal switch
    {
        DirectoryUser => "User",
        DirectoryGroup => "Group",
        DirectoryServicePrincipal => "ServicePrincipal",
        _ => null,
    };

    public static string? Text(JsonObject properties, string name)
    {
        var node = properties[name];
        if (node is null) return null;
        return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : throw BadFormat();
    }

    public static ArmException BadFormat() => new(400, "BadRequestFormat", "The request was incorrectly formatted.");

    public static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\s+and\s+", RegexOptions.IgnoreCase)]
    private static partial Regex And();

    // One pair around all of it: any other bracket belongs to a function.
    [GeneratedRegex(@"^\((\s*[a-z].*)\)$", RegexOptions.IgnoreCase)]
    private static partial Regex Bracketed();

    [GeneratedRegex(@"^roleDefinitionId\s+eq\s+'(?:[^']*/roleDefinitions/)?([0-9a-f-]+)'$", RegexOptions.IgnoreCase)]
    private static partial Regex Role();

    [GeneratedRegex(@"^atScope\(\)$", RegexOptions.IgnoreCase)]
    private static partial Regex AtScope();

    [GeneratedRegex(@"^asTarget\(\)$", RegexOptions.IgnoreCase)]
    private static partial Regex AsTarget();

    [GeneratedRegex(@"^principalId\s+eq\s+'?([0-9a-f-]+)'?$", RegexOptions.IgnoreCase)]
    private static partial Regex Principal();

    [GeneratedRegex(@"^assignedTo\('([0-9a-f-]+)'\)$", RegexOptions.IgnoreCase)]
    private static partial Regex AssignedTo();

    [GeneratedRegex(@"^(?:/subscriptions/[0-9a-f-]+)?/providers/Microsoft\.Authorization/roleDefinitions/([^/]+)$", RegexOptions.IgnoreCase)]
    private static partial Regex RoleDefinitionId();
}
