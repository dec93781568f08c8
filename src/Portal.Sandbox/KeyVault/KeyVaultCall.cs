using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Entra;
using Portal.Sandbox.Hosting;
using Portal.Sandbox.ResourceManager;

namespace Portal.Sandbox.KeyVault;

/// <summary>One call to a vault: who calls, what they may do, and how it is answered.</summary>
internal sealed class KeyVaultCall(HttpContext context, VaultResource vault, CallerToken caller, IReadOnlySet<Guid> principals, SandboxControl control, SandboxAddresses addresses)
{
    private const int MaxPage = 25;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public HttpRequest Request => context.Request;

    public VaultResource Vault => vault;

    public VaultState State => control.Vaults;

    public DateTimeOffset Now => control.Clock.GetUtcNow();

    /// <summary>With the port under which the vault was reached, so that a foreign client's next call arrives as well.</summary>
    public string BaseAddress => $"https://{Request.Host}";

    /// <summary>Refuses unless role assignments, or the access policies of a vault that uses those, allow something with a secret; with null, with the vault's secrets as a whole.</summary>
    /// <exception cref="KeyVaultException">403.</exception>
    public void Demand(SecretAction action, string? secret)
    {
        if (!vault.EnableRbacAuthorization)
        {
            DemandPolicy(action);
            return;
        }

        var scope = secret is null ? vault.Scope : vault.Scope.Child("secrets", secret);
        var decision = control.Resources.Decide(principals, scope, SecretConditions.InputOf(scope, action.DataAction), isData: true);
        if (decision.Assignment is { } assignment)
        {
            context.Response.Headers["x-ms-keyvault-rbac-assignment-id"] = assignment.Id;
            return;
        }

        throw new KeyVaultException(403, "Forbidden",
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n"
            + $"Caller: {Who()}\r\nAction: '{action.DataAction}'\r\nResource: '{scope.Value.ToLowerInvariant()}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\n"
            + $"DecisionReason: null \r\nVault: {vault.Name};location={vault.Location}\r\n", "ForbiddenByRbac");
    }

    /// <summary>The body as a JSON object.</summary>
    /// <exception cref="KeyVaultException">400 BadParameter.</exception>
    public async Task<JsonObject> BodyAsync()
    {
        try
        {
            return await JsonBody.ReadAsync(Request.Body, context.RequestAborted) as JsonObject ?? throw KeyVaultException.BadParameter("The request body is not a JSON object.");
        }
        catch (JsonException)
        {
            throw KeyVaultException.BadParameter("The request body is not valid JSON.");
        }
    }

    public Task AnswerAsync(JsonNode body) => WriteAsync(context.Response, 200, body);

    public Task NothingAsync()
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>Answers one page; the rest is behind <c>nextLink</c>, which continues after the last key shown and so neither repeats nor skips.</summary>
    public Task PageAsync<T>(IEnumerable<T> items, Func<T, string> key, Func<T, JsonNode> shape)
    {
        var size = MaxPage;
        if (Request.Query["maxresults"].FirstOrDefault() is { } wanted
            && (!int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > MaxPage))
            throw KeyVaultException.BadParameter($"maxresults must be from 1 to {MaxPage}.");

        var after = "";
        if (Request.Query["$skiptoken"].FirstOrDefault() is { Length: > 0 } token)
        {
            try
            {
                after = Strict.GetString(Convert.FromHexString(token));
            }
            catch (Exception fault) when (fault is FormatException or DecoderFallbackException)
            {
                throw KeyVaultException.BadParameter("The $skiptoken is not valid.");
            }
        }

        var page = items.SkipWhile(i => after.Length > 0 && string.Compare(key(i), after, StringComparison.OrdinalIgnoreCase) <= 0).Take(size + 1).ToList();
        string? next = null;
        if (page.Count > size)
        {
            var last = Convert.ToHexString(Strict.GetBytes(key(page[size - 1])));
            next = $"{BaseAddress}{Request.Path.ToUriComponent()}?api-version={Uri.EscapeDataString(Request.Query["api-version"].ToString())}&$skiptoken={last}&maxresults={size.ToString(CultureInfo.InvariantCulture)}";
        }

        return AnswerAsync(new JsonObject { ["value"] = new JsonArray([.. page.Take(size).Select(shape)]), ["nextLink"] = next });
    }

    public static Task WriteAsync(HttpResponse response, int status, JsonNode body)
    {
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body);
        response.ContentLength = bytes.Length;
        return response.Body.WriteAsync(bytes).AsTask();
    }

    private void DemandPolicy(SecretAction action)
    {
        if (vault.AccessPolicies.Any(p => principals.Contains(p.ObjectId) && p.Secrets.Any(s => s.Equals(action.Policy, StringComparison.OrdinalIgnoreCase) || s.Equals("all", StringComparison.OrdinalIgnoreCase))))
            return;
        throw new KeyVaultException(403, "Forbidden",
            $"The user, group or application '{Who()}' does not have secrets {action.Policy} permission on key vault '{vault.Name};location={vault.Location}'. "
            + "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287", "ForbiddenByPolicy");
    }

    private string Who() => $"appid={caller.AppId};oid={caller.ObjectId};iss={addresses.Authority}";
}

/// <summary>Something that can be done with secrets.</summary>
/// <param name="DataAction">As role definitions name it.</param>
/// <param name="Policy">As access policies name it.</param>
internal sealed record SecretAction(string DataAction, string Policy)
{
    private const string Prefix = "Microsoft.KeyVault/vaults/secrets/";

    public static readonly SecretAction Get = new(Prefix + "getSecret/action", "get");
    public static readonly SecretAction List = new(Prefix + "readMetadata/action", "list");
    public static readonly SecretAction GetDeleted = new(Prefix + "readMetadata/action", "get");
    public static readonly SecretAction Set = new(Prefix + "setSecret/action", "set");
    public static readonly SecretAction Update = new(Prefix + "update/action", "set");
    public static readonly SecretAction Delete = new(Prefix + "delete", "delete");
    public static readonly SecretAction Recover = new(Prefix + "recover/action", "recover");
    public static readonly SecretAction Purge = new(Prefix + "purge/action", "purge");
}

/// <summary>A refusal as Key Vault words it.</summary>
internal sealed class KeyVaultException(int status, string code, string message, string? inner = null) : Exception(message)
{
    public int Status => status;

    public JsonObject Body()
    {
        var error = new JsonObject { ["code"] = code, ["message"] = Message };
        if (inner is not null) error["innererror"] = new JsonObject { ["code"] = inner };
        return new JsonObject { ["error"] = error };
    }

    public static KeyVaultException BadParameter(string message) => new(400, "BadParameter", message);

    public static KeyVaultException NotFound(string id) => new(404, "SecretNotFound",
        $"A secret with (name/id) {id} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. "
        + "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182");

    public static KeyVaultException MethodNotAllowed() => new(405, "MethodNotAllowed", "The HTTP method is not supported at this address.");
}
