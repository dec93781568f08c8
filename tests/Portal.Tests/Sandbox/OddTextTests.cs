using System.Net.Http.Headers;
using System.Text;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

/// <summary>Bodies that are JSON by their form, with texts in them that are none, and names that only look right: each is a refusal, none a fault.</summary>
public sealed class OddTextTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-payments-prod", "adyen-hmac-key");
    private static readonly Guid Explorer = FenwickCompany.ExplorerPrincipal;

    private CloudClients Cloud => new(sandbox.Host, sandbox.Handler);

    [Theory]
    [InlineData("""{"properties":{"roleDefinitionId":"{role}","principalId":"{mira}","description":"\ud800"}}""")]
    [InlineData("""{"properties":{"roleDefinitionId":"{role}","principalId":"{mira}","description":"\udc00\ud800"}}""")]
    [InlineData("""{"properties":{"roleDefinitionId":"{role}","principalId":"{mira}","\ud800":"x"}}""")]
    [InlineData("""{"\ud800":"x","properties":{}}""")]
    [InlineData("""{"properties":{"roleDefinitionId":"{role}","principalId":"{mira}","description":"{raw}"}}""")]
    [InlineData("""{"properties":{"roleDefinitionId":"{role}","principalId":"{mira}","more":["{raw}"]}}""")]
    public async Task A_role_assignment_a_schedule_and_a_lock_of_such_a_body_are_refused(string body)
    {
        // Locks are for who may do everything.
        sandbox.Host.Control.Resources.Put(new RoleAssignment(new Guid("61a0c001-0000-4000-8000-0000000000e2"), Secret, BuiltInRoles.Owner, Explorer, "ServicePrincipal"));
        foreach (var address in (string[])[CloudClients.AssignmentPath(Secret, Guid.NewGuid()), $"{Secret}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/{Guid.NewGuid()}?api-version=2020-10-01", CloudClients.LockPath(Secret, "odd")])
            Assert.Equal((400, "InvalidRequestContent"), await PutAsync(CloudClients.Arm + address, CloudClients.ArmAudience, body
                .Replace("{role}", $"/subscriptions/{FenwickEstate.Production}/providers/Microsoft.Authorization/roleDefinitions/{BuiltInRoles.KeyVaultSecretsUser}", StringComparison.Ordinal)
                .Replace("{mira}", FenwickCompany.Mira.ToString(), StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("odd", """{"value":"\ud800"}""")]
    [InlineData("odd", """{"value":"{raw}"}""")]
    [InlineData("odd", """{"value":"x","tags":{"\ud800":"x"}}""")]
    [InlineData("odd", """{"value":"x","tags":{"a":"\ud800"}}""")]
    [InlineData("odd", """{"value":"x","\ud800":1}""")]
    [InlineData("odd", """{"value":"x","tags":["a"]}""")]
    [InlineData("odd", """{"value":"x","tags":"a"}""")]
    [InlineData("odd", """{"value":"x","attributes":true}""")]
    [InlineData("odd%0A", """{"value":"x"}""")]
    [InlineData("odd%0a", """{"value":"x"}""")]
    public async Task A_secret_of_such_a_body_or_name_is_refused(string name, string body)
    {
        const string Vault = "kv-payments-test";
        var state = sandbox.Host.Control.Resources;
        var grant = state.Assign(FenwickEstate.VaultScope(Vault), BuiltInRoles.KeyVaultSecretsOfficer, Explorer, "ServicePrincipal");
        try
        {
            Assert.Equal((400, "BadParameter"), await PutAsync($"https://{Vault}.vault.azure.net/secrets/{name}?api-version=7.6", CloudClients.VaultAudience, body));
            Assert.DoesNotContain(sandbox.Host.Control.Vaults.Latest(Vault), s => s.Name.StartsWith("odd", StringComparison.Ordinal));
        }
        finally
        {
            state.RemoveAssignment(grant.Name);
        }
    }

    // A byte that no text has where the body says so.
    private async Task<(int Status, string? Code)> PutAsync(string address, string audience, string body)
    {
        using var client = new HttpClient(sandbox.Handler, disposeHandler: false);
        var parts = body.Split("{raw}");
        byte[] bytes = parts is [var before, var after] ? [.. Encoding.UTF8.GetBytes(before), 0xff, .. Encoding.UTF8.GetBytes(after)] : Encoding.UTF8.GetBytes(body);
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Cloud.Token(Explorer, audience, isApp: true));
        using var response = await client.SendAsync(request, CloudClients.Ct);
        var text = await response.Content.ReadAsStringAsync(CloudClients.Ct);
        return ((int)response.StatusCode, text.Length == 0 ? null : new Answer(0, text, new Dictionary<string, string>()).Code);
    }
}
