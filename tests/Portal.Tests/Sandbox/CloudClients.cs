using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.ResourceManager;
using Azure.Security.KeyVault.Secrets;
using Portal.Sandbox;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

/// <summary>Real clients and raw calls against one sandbox, in the name of anyone.</summary>
internal sealed class CloudClients(SandboxHost host, HttpMessageHandler handler)
{
    public const string Arm = "https://management.azure.com";
    public const string ArmAudience = "https://management.azure.com";
    public const string VaultAudience = "https://vault.azure.net";
    public const string GraphAudience = "https://graph.microsoft.com";

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static string AssignmentPath(ArmScope scope, Guid? name = null, string? query = null) =>
        $"{(scope.IsRoot ? "" : scope.Value)}/providers/Microsoft.Authorization/roleAssignments{(name is null ? "" : "/" + name)}?api-version=2022-04-01{query}";

    public static string LockPath(ArmScope scope, string? name = null, string? query = null) =>
        $"{scope.Value}/providers/Microsoft.Authorization/locks{(name is null ? "" : "/" + name)}?api-version=2020-05-01{query}";

    public static JsonObject Grant(Guid role, Guid principal, string? type = "User", string? description = null)
    {
        var properties = new JsonObject { ["roleDefinitionId"] = $"/subscriptions/{FenwickEstate.Production}/providers/Microsoft.Authorization/roleDefinitions/{role}", ["principalId"] = principal.ToString() };
        if (type is not null) properties["principalType"] = type;
        if (description is not null) properties["description"] = description;
        return new JsonObject { ["properties"] = properties };
    }

    /// <summary>A token as Entra ID would issue it: delegated for a person, for the application itself where <paramref name="isApp"/>.</summary>
    public string Token(Guid oid, string audience, bool isApp = false, TimeSpan? life = null, string? issuer = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["aud"] = audience,
            ["iss"] = issuer ?? host.Addresses.Authority,
            ["iat"] = now.AddMinutes(-10).ToUnixTimeSeconds(),
            ["nbf"] = now.AddMinutes(-10).ToUnixTimeSeconds(),
            ["exp"] = (now + (life ?? TimeSpan.FromMinutes(30))).ToUnixTimeSeconds(),
            ["oid"] = oid.ToString(),
            ["tid"] = FenwickCompany.TenantId.ToString(),
            ["azp"] = FenwickCompany.PortalClientId.ToString(),
        };
        if (isApp) claims["idtyp"] = "app";
        else claims["scp"] = "user_impersonation";
        return host.Control.Tokens.Sign(claims);
    }

    public TokenCredential Credential(Guid oid, bool isApp = false) => new MintedCredential(this, oid, isApp);

    public SecretClient Secrets(string vault, Guid oid, bool isApp = false)
    {
        // Challenge verification stays on; no retry, so that each refusal is seen.
        var options = new SecretClientOptions { Transport = new HttpClientTransport(new HttpClient(handler, disposeHandler: false)), Retry = { MaxRetries = 0 } };
        return new SecretClient(new Uri($"https://{vault}.vault.azure.net"), Credential(oid, isApp), options);
    }

    public ArmClient ArmOf(Guid oid, bool isApp = true) => new(Credential(oid, isApp), FenwickEstate.Production.ToString(),
        new ArmClientOptions { Transport = new HttpClientTransport(new HttpClient(handler, disposeHandler: false)), Retry = { MaxRetries = 0 } });

    public Task<Answer> ArmAsync(HttpMethod method, string pathAndQuery, Guid oid, JsonNode? body = null) =>
        SendAsync(method, pathAndQuery.StartsWith("https://", StringComparison.Ordinal) ? pathAndQuery : Arm + pathAndQuery, Token(oid, ArmAudience), body);

    public Task<Answer> VaultAsync(HttpMethod method, string vault, string pathAndQuery, Guid oid, JsonNode? body = null) =>
        SendAsync(method, pathAndQuery.StartsWith("https://", StringComparison.Ordinal) ? pathAndQuery : $"https://{vault}.vault.azure.net{pathAndQuery}", Token(oid, VaultAudience), body);

    public Task<Answer> SendAsync(HttpMethod method, string address, string? token, JsonNode? body = null) => SendAsync(method, address, token, body?.ToJsonString());

    /// <summary>Sends a body as it stands.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string address, string? token, string? json)
    {
        using var client = new HttpClient(handler, disposeHandler: false);
        using var request = new HttpRequestMessage(method, address);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request, Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        return new Answer((int)response.StatusCode, text, response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
    }

    private sealed class MintedCredential(CloudClients clients, Guid oid, bool isApp) : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            var audience = Assert.Single(requestContext.Scopes).Replace("/.default", "", StringComparison.Ordinal);
            return new AccessToken(clients.Token(oid, audience, isApp), TimeProvider.System.GetUtcNow().AddMinutes(30));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }
}

internal sealed record Answer(int Status, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string? Code => Json["error"]?["code"]?.GetValue<string>();

    public string? InnerCode => Json["error"]?["innererror"]?["code"]?.GetValue<string>();

    public string Message => Json["error"]!["message"]!.GetValue<string>();
}

/// <summary>Role assignments on the real client's own pipeline, as an application would write it.</summary>
internal sealed class AssignmentOperations(ArmClient client, ResourceIdentifier scope) : ArmResource(client, scope)
{
    public async Task<(int Status, JsonNode? Body)> SendAsync(RequestMethod method, Guid name, JsonNode? body = null)
    {
        using var message = Pipeline.CreateMessage();
        message.Request.Method = method;
        message.Request.Uri.Reset(Endpoint);
        message.Request.Uri.AppendPath(Id.ToString(), false);
        message.Request.Uri.AppendPath("/providers/Microsoft.Authorization/roleAssignments/" + name, false);
        message.Request.Uri.AppendQuery("api-version", "2022-04-01", false);
        if (body is not null)
        {
            message.Request.Headers.Add("Content-Type", "application/json");
            message.Request.Content = RequestContent.Create(BinaryData.FromString(body.ToJsonString()));
        }

        await Pipeline.SendAsync(message, CloudClients.Ct);
        var answer = message.Response;
        if (answer.IsError) throw new RequestFailedException(answer);
        return (answer.Status, answer.Content.ToMemory().IsEmpty ? null : JsonNode.Parse(answer.Content));
    }
}
