using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Portal.Sandbox.KeyVault;

/// <summary><c>/secrets</c> and <c>/deletedsecrets</c>.</summary>
internal static partial class SecretCalls
{
    public static Task AnswerAsync(KeyVaultCall call)
    {
        var parts = call.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > 1 && !Name().IsMatch(parts[1])) throw KeyVaultException.BadParameter($"The request URI contains an invalid name: {parts[1]}");
        return (call.Request.Method, parts.Length > 0 ? parts[0].ToLowerInvariant() : "", parts.Length > 1 ? parts[1..] : []) switch
        {
            ("GET", "secrets", []) => ListAsync(call),
            ("GET", "secrets", [var name]) => GetAsync(call, name, null),
            ("GET", "secrets", [var name, "versions"]) => VersionsAsync(call, name),
            ("GET", "secrets", [var name, var version]) => GetAsync(call, name, version),
            ("PUT", "secrets", [var name]) => SetAsync(call, name),
            ("PATCH", "secrets", [var name]) => UpdateAsync(call, name, null),
            ("PATCH", "secrets", [var name, var version]) => UpdateAsync(call, name, version),
            ("DELETE", "secrets", [var name]) => DeleteAsync(call, name),
            ("GET", "deletedsecrets", []) => ListDeletedAsync(call),
            ("GET", "deletedsecrets", [var name]) => GetDeletedAsync(call, name),
            ("POST", "deletedsecrets", [var name, "recover"]) => RecoverAsync(call, name),
            ("DELETE", "deletedsecrets", [var name]) => PurgeAsync(call, name),
            // Honest about what is left out, rather than a 404 that looks like a missing secret.
            ("POST", "secrets", [_, "backup"]) or ("POST", "secrets", ["restore"]) or (_, "keys" or "certificates" or "storage" or "deletedkeys" or "deletedcertificates", _) =>
                throw new KeyVaultException(501, "NotImplemented", "The sandbox serves secrets only, without backup and restore."),
            (_, "secrets" or "deletedsecrets", _) => throw KeyVaultException.MethodNotAllowed(),
            _ => throw new KeyVaultException(404, "NotFound", "Resource not found."),
        };
    }

    private static Task GetAsync(KeyVaultCall call, string name, string? version)
    {
        call.Demand(SecretAction.Get, name);
        var found = call.State.Find(call.Vault.Name, name, version) ?? throw KeyVaultException.NotFound(version is null ? name : $"{name}/{version}");
        if (!found.Settings.Enabled) throw new KeyVaultException(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled");
        return call.AnswerAsync(SecretJson.Bundle(call, found));
    }

    // To list is the vault's: a role at one secret does not show its neighbours' names.
    private static Task ListAsync(KeyVaultCall call)
    {
        call.Demand(SecretAction.List, null);
        return call.PageAsync(call.State.Latest(call.Vault.Name), s => s.Name, s => SecretJson.Item(call, s, withVersion: false));
    }

    private static Task VersionsAsync(KeyVaultCall call, string name)
    {
        call.Demand(SecretAction.List, name);
        // An unknown secret has no versions, which is no error.
        return call.PageAsync(call.State.Versions(call.Vault.Name, name).OrderBy(s => s.Version, StringComparer.OrdinalIgnoreCase), s => s.Version, s => SecretJson.Item(call, s, withVersion: true));
    }

    private static async Task SetAsync(KeyVaultCall call, string name)
    {
        call.Demand(SecretAction.Set, name);
        var body = await call.BodyAsync();
        var value = SecretJson.Text(body, "value") ?? throw KeyVaultException.BadParameter("Property value has an invalid value.");
        if (value.Length > 25_600) throw KeyVaultException.BadParameter("The secret value is too long: 25k is the most.");
        var settings = SecretJson.Change(body)(new SecretSettings());
        var made = call.State.Set(call.Vault.Name, name, value, settings) ?? throw new KeyVaultException(409, "Conflict",
            $"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.", "ObjectIsDeletedButRecoverable");
        await call.AnswerAsync(SecretJson.Bundle(call, made));
    }

    private static async Task UpdateAsync(KeyVaultCall call, string name, string? version)
    {
        call.Demand(SecretAction.Update, name);
        var change = SecretJson.Change(await call.BodyAsync());
        var updated = call.State.Update(call.Vault.Name, name, version, change) ?? throw KeyVaultException.NotFound(version is null ? name : $"{name}/{version}");
        await call.AnswerAsync(SecretJson.Item(call, updated, withVersion: true));
    }

    private static Task DeleteAsync(KeyVaultCall call, string name)
    {
        call.Demand(SecretAction.Delete, name);
        var deleted = call.State.Delete(call.Vault.Name, name, call.Vault.SoftDeleteRetentionInDays) ?? throw KeyVaultException.NotFound(name);
        return call.AnswerAsync(SecretJson.Deleted(call, deleted, withVersion: true));
    }

    private static Task ListDeletedAsync(KeyVaultCall call)
    {
        call.Demand(SecretAction.List, null);
        return call.PageAsync(call.State.Deleted(call.Vault.Name), s => s.Latest.Name, s => SecretJson.Deleted(call, s, withVersion: false));
    }

    private static Task GetDeletedAsync(KeyVaultCall call, string name)
    {
        call.Demand(SecretAction.GetDeleted, name);
        var found = call.State.Deleted(call.Vault.Name).FirstOrDefault(d => d.Latest.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw KeyVaultException.NotFound(name);
        return call.AnswerAsync(SecretJson.Deleted(call, found, withVersion: true));
    }

    private static Task RecoverAsync(KeyVaultCall call, string name)
    {
        call.Demand(SecretAction.Recover, name);
        var recovered = call.State.Recover(call.Vault.Name, name) ?? throw KeyVaultException.NotFound(name);
        return call.AnswerAsync(SecretJson.Item(call, recovered, withVersion: true));
    }

    private static Task PurgeAsync(KeyVaultCall call, string name)
    {
        call.Demand(SecretAction.Purge, name);
        if (call.Vault.EnablePurgeProtection) throw new KeyVaultException(403, "Forbidden", "Operation \"purge\" is not allowed because purge protection is enabled for this vault.");
        return call.State.Purge(call.Vault.Name, name) ? call.NothingAsync() : throw KeyVaultException.NotFound(name);
    }

    // The dollar would let a line feed stand behind it.
    [GeneratedRegex(@"^[0-9a-zA-Z-]{1,127}\z")]
    private static partial Regex Name();
}

/// <summary>Secrets as they stand on the wire.</summary>
internal static class SecretJson
{
    public static JsonObject Bundle(KeyVaultCall call, SecretVersion secret)
    {
        var bundle = Item(call, secret, withVersion: true);
        bundle.Insert(0, "value", secret.Value);
        return bundle;
    }

    /// <summary>Everything but the value.</summary>
    public static JsonObject Item(KeyVaultCall call, SecretVersion secret, bool withVersion)
    {
        var settings = secret.Settings;
        var attributes = new JsonObject { ["enabled"] = settings.Enabled };
        if (settings.NotBefore is { } from) attributes["nbf"] = from.ToUnixTimeSeconds();
        if (settings.ExpiresOn is { } to) attributes["exp"] = to.ToUnixTimeSeconds();
        attributes["created"] = secret.Created.ToUnixTimeSeconds();
        attributes["updated"] = secret.Updated.ToUnixTimeSeconds();
        attributes["recoveryLevel"] = RecoveryLevel(call);
        attributes["recoverableDays"] = call.Vault.SoftDeleteRetentionInDays;
        var item = new JsonObject();
        if (settings.ContentType is not null) item["contentType"] = settings.ContentType;
        item["id"] = $"{call.BaseAddress}/secrets/{secret.Name}{(withVersion ? "/" + secret.Version : "")}";
        item["attributes"] = attributes;
        if (settings.Tags.Count > 0) item["tags"] = new JsonObject(settings.Tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)JsonValue.Create(t.Value))));
        return item;
    }

    public static JsonObject Deleted(KeyVaultCall call, DeletedSecret deleted, bool withVersion)
    {
        var item = Item(call, deleted.Latest, withVersion);
        item["recoveryId"] = $"{call.BaseAddress}/deletedsecrets/{deleted.Latest.Name}";
        item["deletedDate"] = deleted.DeletedOn.ToUnixTimeSeconds();
        item["scheduledPurgeDate"] = deleted.ScheduledPurgeOn.ToUnixTimeSeconds();
        return item;
    }

    /// <summary>What a body changes; what it does not name stays.</summary>
    /// <exception cref="KeyVaultException">400 BadParameter.</exception>
    public static Func<SecretSettings, SecretSettings> Change(JsonObject body)
    {
        var contentType = Text(body, "contentType");
        var attributes = Members(body, "attributes");
        var enabled = Scalar<bool>(attributes, "enabled");
        var from = Scalar<long>(attributes, "nbf");
        var to = Scalar<long>(attributes, "exp");
        if (from >= to) throw KeyVaultException.BadParameter("The attribute exp must be later than nbf.");
        var tags = Members(body, "tags")?.ToImmutableSortedDictionary(t => t.Key, t => t.Value is JsonValue v && v.TryGetValue<string>(out var text) ? text : throw KeyVaultException.BadParameter("Tags must be strings."));
        if (tags?.Count > 15) throw KeyVaultException.BadParameter("At most 15 tags are possible.");
        return s => s with
        {
            ContentType = contentType ?? s.ContentType,
            Enabled = enabled ?? s.Enabled,
            NotBefore = Instant(from) ?? s.NotBefore,
            ExpiresOn = Instant(to) ?? s.ExpiresOn,
            Tags = tags ?? s.Tags,
        };
    }

    public static string? Text(JsonObject body, string name)
    {
        if (body[name] is not { } node) return null;
        return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : throw KeyVaultException.BadParameter($"Property {name} has an invalid value.");
    }

    private static JsonObject? Members(JsonObject body, string name) =>
        body[name] is not { } node ? null : node as JsonObject ?? throw KeyVaultException.BadParameter($"Property {name} has an invalid value.");

    private static T? Scalar<T>(JsonObject? attributes, string name) where T : struct
    {
        if (attributes?[name] is not { } node) return null;
        return node is JsonValue value && value.TryGetValue<T>(out var found) ? found : throw KeyVaultException.BadParameter($"Property {name} has an invalid value.");
    }

    private static DateTimeOffset? Instant(long? seconds)
    {
        if (seconds is not { } s) return null;
        return s is >= 0 and <= 253_402_300_799 ? DateTimeOffset.FromUnixTimeSeconds(s) : throw KeyVaultException.BadParameter("A time is out of range.");
    }

    private static string RecoveryLevel(KeyVaultCall call) => (call.Vault.SoftDeleteRetentionInDays < 90, call.Vault.EnablePurgeProtection) switch
    {
        (false, false) => "Recoverable+Purgeable",
        (false, true) => "Recoverable",
        (true, false) => "CustomizedRecoverable+Purgeable",
        (true, true) => "CustomizedRecoverable",
    };
}
