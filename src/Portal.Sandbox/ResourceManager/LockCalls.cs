using System.Text.Json.Nodes;

namespace Portal.Sandbox.ResourceManager;

/// <summary><c>{scope}/providers/Microsoft.Authorization/locks</c>.</summary>
internal static class LockCalls
{
    private const string Provider = "Microsoft.Authorization/locks";

    public static async Task AnswerAsync(ArmCall call, ArmScope scope, string? name)
    {
        if (call.IsGet)
        {
            call.Demand(scope, Provider + "/read");
            call.DemandExistence(scope);
            if (name is null) await ListAsync(call, scope);
            else await call.AnswerAsync(200, Shape(Find(call, scope, name) ?? throw NotFound(name)));
        }
        else if (call.IsPut && name is not null) await PutAsync(call, scope, name);
        else if (call.IsDelete && name is not null)
        {
            call.Demand(scope, Provider + "/delete");
            call.DemandExistence(scope);
            await call.NothingAsync(call.State.RemoveLock(scope, name) ? 200 : 204);
        }
        else throw ArmException.MethodNotAllowed(call.Request.Method);
    }

    // As for role assignments: with atScope() at the scope and above it, otherwise below it as well.
    private static Task ListAsync(ArmCall call, ArmScope scope)
    {
        var atScope = call.Filter.Equals("atScope()", StringComparison.OrdinalIgnoreCase);
        if (!atScope && call.Filter.Length > 0) throw new ArmException(400, "InvalidFilter", $"The filter '{call.Filter}' is not supported. The supported filter is 'atScope()'.");
        return call.PageAsync(call.State.Locks.Where(l => l.Scope.Covers(scope) || (!atScope && scope.Covers(l.Scope))), Shape);
    }

    private static async Task PutAsync(ArmCall call, ArmScope scope, string name)
    {
        call.Demand(scope, Provider + "/write");
        call.DemandExistence(scope);
        var properties = (await call.BodyAsync())["properties"] as JsonObject;
        var level = properties?["level"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        if (level is not ("CanNotDelete" or "ReadOnly"))
            throw new ArmException(400, "InvalidLockLevel", $"The lock level '{level}' is not valid. The supported levels are 'CanNotDelete,ReadOnly'.");
        var notes = properties?["notes"] is JsonValue n && n.TryGetValue<string>(out var words) ? words : null;
        var created = call.State.Put(new ResourceLock(scope, name, level, notes));
        await call.AnswerAsync(created ? 201 : 200, Shape(Find(call, scope, name) ?? throw NotFound(name)));
    }

    private static ResourceLock? Find(ArmCall call, ArmScope scope, string name) =>
        call.State.Locks.FirstOrDefault(l => l.Scope == scope && l.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static ArmException NotFound(string name) => new(404, "LockNotFound", $"The lock '{name}' could not be found.");

    private static JsonNode Shape(ResourceLock l)
    {
        var properties = new JsonObject { ["level"] = l.Level };
        if (l.Notes is not null) properties["notes"] = l.Notes;
        return new JsonObject
        {
            ["properties"] = properties,
            ["id"] = $"{(l.Scope.IsRoot ? "" : l.Scope.Value)}/providers/{Provider}/{l.Name}",
            ["type"] = Provider,
            ["name"] = l.Name,
        };
    }
}
