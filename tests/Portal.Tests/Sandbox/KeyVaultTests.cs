using System.Text.Json.Nodes;
using Azure;
using Azure.Security.KeyVault.Secrets;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

public sealed class KeyVaultTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private const string Payments = "kv-payments-prod";
    private const string Version = "?api-version=7.6";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private CloudClients Cloud => new(sandbox.Host, sandbox.Handler);

    private ResourceState Resources => sandbox.Host.Control.Resources;

    [Fact]
    public async Task A_grant_on_one_secret_opens_that_one_and_nothing_else()
    {
        var mira = Cloud.Secrets(Payments, FenwickCompany.Mira);
        Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => mira.GetSecretAsync("stripe-restricted-key", null, Ct)));

        var grant = Resources.Assign(FenwickEstate.SecretScope(Payments, "stripe-restricted-key"), BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Mira, "User");
        try
        {
            Assert.Contains("canary", (await mira.GetSecretAsync("stripe-restricted-key", null, Ct)).Value.Value, StringComparison.Ordinal);
            var versions = new List<SecretProperties>();
            await foreach (var version in mira.GetPropertiesOfSecretVersionsAsync("stripe-restricted-key", Ct)) versions.Add(version);
            Assert.Equal(2, versions.Count);
            foreach (var version in versions) Assert.Contains("canary", (await mira.GetSecretAsync("stripe-restricted-key", version.Version, Ct)).Value.Value, StringComparison.Ordinal);

            // The name that starts alike, another one, the vault, the other vault, the other person, and every other thing to do.
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => mira.GetSecretAsync("stripe-webhook-secret", null, Ct)));
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => mira.GetSecretAsync("stripe-restricted-key2", null, Ct)));
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(async () => { await foreach (var _ in mira.GetPropertiesOfSecretsAsync(Ct)) { } }));
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(async () => { await foreach (var _ in mira.GetPropertiesOfSecretVersionsAsync("adyen-hmac-key", Ct)) { } }));
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => Cloud.Secrets("kv-payments-test", FenwickCompany.Mira).GetSecretAsync("stripe-restricted-key", null, Ct)));
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => Cloud.Secrets(Payments, FenwickCompany.Jonas).GetSecretAsync("stripe-restricted-key", null, Ct)));
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => mira.SetSecretAsync("stripe-restricted-key", "x", Ct)));
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => mira.StartDeleteSecretAsync("stripe-restricted-key", Ct)));
        }
        finally
        {
            Resources.RemoveAssignment(grant.Name);
        }

        Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => mira.GetSecretAsync("stripe-restricted-key", null, Ct)));
    }

    [Fact]
    public async Task A_role_of_a_group_counts_for_its_members_only()
    {
        var grant = Resources.Assign(FenwickEstate.SecretScope(Payments, "adyen-hmac-key"), BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.PaymentsEngineers, "Group");
        try
        {
            await Cloud.Secrets(Payments, FenwickCompany.Priya).GetSecretAsync("adyen-hmac-key", null, Ct);
            Assert.Equal((403, "ForbiddenByRbac"), await RefusalAsync(() => Cloud.Secrets(Payments, FenwickCompany.Jonas).GetSecretAsync("adyen-hmac-key", null, Ct)));
        }
        finally
        {
            Resources.RemoveAssignment(grant.Name);
        }
    }

    [Fact]
    public async Task The_whole_list_comes_in_pages_of_25_without_values()
    {
        var names = new List<string>();
        await foreach (var item in Cloud.Secrets(Payments, FenwickCompany.ExplorerPrincipal, isApp: true).GetPropertiesOfSecretsAsync(Ct)) names.Add(item.Name);
        Assert.Equal(34, names.Count);
        Assert.Equal(34, names.Distinct().Count());
        Assert.DoesNotContain("old-gateway-password", names);

        var first = await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets" + Version, FenwickCompany.ExplorerPrincipal);
        JsonShape.KeyVault.Fits("SecretListResult", first.Json);
        Assert.Equal(25, first.Json["value"]!.AsArray().Count);
        Assert.DoesNotContain("canary", first.Text, StringComparison.Ordinal);
        var second = await Cloud.VaultAsync(HttpMethod.Get, Payments, first.Json["nextLink"]!.GetValue<string>(), FenwickCompany.ExplorerPrincipal);
        JsonShape.KeyVault.Fits("SecretListResult", second.Json);
        Assert.Equal(9, second.Json["value"]!.AsArray().Count);
        Assert.Null(second.Json["nextLink"]);

        var small = await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets" + Version + "&maxresults=3", FenwickCompany.ExplorerPrincipal);
        Assert.Equal(3, small.Json["value"]!.AsArray().Count);
        Assert.Equal("BadParameter", (await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets" + Version + "&maxresults=26", FenwickCompany.ExplorerPrincipal)).Code);
        foreach (var token in new[] { "zz", "ff" })
            Assert.Equal("BadParameter", (await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets" + Version + "&$skiptoken=" + token, FenwickCompany.ExplorerPrincipal)).Code);
    }

    [Fact]
    public async Task A_secret_lives_is_changed_deleted_recovered_and_purged()
    {
        const string vault = "kv-logistics-test";
        var client = Cloud.Secrets(vault, FenwickCompany.ExplorerPrincipal, isApp: true);
        var made = (await client.SetSecretAsync(new KeyVaultSecret("made-here", "one") { Properties = { ContentType = "text/plain", Tags = { ["team"] = "logistics" } } }, Ct)).Value;
        var again = (await client.SetSecretAsync("made-here", "two", Ct)).Value;
        Assert.NotEqual(made.Properties.Version, again.Properties.Version);
        Assert.Equal("two", (await client.GetSecretAsync("MADE-here", null, Ct)).Value.Value);
        Assert.Equal("one", (await client.GetSecretAsync("made-here", made.Properties.Version, Ct)).Value.Value);

        made.Properties.Enabled = false;
        await client.UpdateSecretPropertiesAsync(made.Properties, Ct);
        Assert.Equal((403, "SecretDisabled"), await RefusalAsync(() => client.GetSecretAsync("made-here", made.Properties.Version, Ct)));
        var bundle = await Cloud.VaultAsync(HttpMethod.Get, vault, "/secrets/made-here" + Version, FenwickCompany.ExplorerPrincipal);
        JsonShape.KeyVault.Fits("SecretBundle", bundle.Json);
        JsonShape.KeyVault.Fits("SecretListResult", (await Cloud.VaultAsync(HttpMethod.Get, vault, "/secrets/made-here/versions" + Version, FenwickCompany.ExplorerPrincipal)).Json);
        var patched = await Cloud.VaultAsync(HttpMethod.Patch, vault, "/secrets/made-here" + Version, FenwickCompany.ExplorerPrincipal, JsonNode.Parse("""{"attributes":{"exp":2000000000}}"""));
        JsonShape.KeyVault.Fits("SecretItem", patched.Json);

        var operation = await client.StartDeleteSecretAsync("made-here", Ct);
        await operation.WaitForCompletionAsync(Ct);
        Assert.Equal((404, null), await RefusalAsync(() => client.GetSecretAsync("made-here", null, Ct)));
        var deleted = await Cloud.VaultAsync(HttpMethod.Get, vault, "/deletedsecrets/made-here" + Version, FenwickCompany.ExplorerPrincipal);
        JsonShape.KeyVault.Fits("DeletedSecretBundle", deleted.Json);
        Assert.False(deleted.Json.AsObject().ContainsKey("value"));
        var listed = await Cloud.VaultAsync(HttpMethod.Get, vault, "/deletedsecrets" + Version, FenwickCompany.ExplorerPrincipal);
        Assert.All(listed.Json["value"]!.AsArray(), d => JsonShape.KeyVault.Fits("DeletedSecretBundle", d));
        var conflict = await Cloud.VaultAsync(HttpMethod.Put, vault, "/secrets/made-here" + Version, FenwickCompany.ExplorerPrincipal, JsonNode.Parse("""{"value":"x"}"""));
        Assert.Equal((409, "Conflict", "ObjectIsDeletedButRecoverable"), (conflict.Status, conflict.Code, conflict.InnerCode));

        await (await client.StartRecoverDeletedSecretAsync("made-here", Ct)).WaitForCompletionAsync(Ct);
        Assert.Equal("two", (await client.GetSecretAsync("made-here", null, Ct)).Value.Value);
        await (await client.StartDeleteSecretAsync("made-here", Ct)).WaitForCompletionAsync(Ct);
        await client.PurgeDeletedSecretAsync("made-here", Ct);
        Assert.Equal((404, null), await RefusalAsync(() => client.GetDeletedSecretAsync("made-here", Ct)));
    }

    [Fact]
    public async Task Refusals_have_the_words_and_codes_of_the_real_one()
    {
        var explorer = FenwickCompany.ExplorerPrincipal;
        var forbidden = await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets/adyen-hmac-key" + Version, FenwickCompany.Mira);
        Assert.Equal((403, "Forbidden", "ForbiddenByRbac"), (forbidden.Status, forbidden.Code, forbidden.InnerCode));
        Assert.Contains("Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\nResource: '/subscriptions/", forbidden.Message, StringComparison.Ordinal);
        Assert.Contains($"oid={FenwickCompany.Mira};iss=", forbidden.Message, StringComparison.Ordinal);
        Assert.EndsWith("Vault: kv-payments-prod;location=westeurope\r\n", forbidden.Message, StringComparison.Ordinal);
        JsonShape.KeyVault.Fits("KeyVaultError", forbidden.Json);

        var disabled = await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets/psp-fallback-api-key" + Version, explorer);
        Assert.Equal((403, "SecretDisabled"), (disabled.Status, disabled.InnerCode));
        Assert.DoesNotContain("canary", disabled.Text, StringComparison.Ordinal);
        foreach (var gone in new[] { "no-such-secret", "old-gateway-password", "adyen-hmac-key/00000000000000000000000000000000" })
        {
            var missing = await Cloud.VaultAsync(HttpMethod.Get, Payments, $"/secrets/{gone}{Version}", explorer);
            Assert.Equal((404, "SecretNotFound"), (missing.Status, missing.Code));
            JsonShape.KeyVault.Fits("KeyVaultError", missing.Json);
        }

        // Who may not know does not learn what is there.
        Assert.Equal(403, (await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets/no-such-secret" + Version, FenwickCompany.Mira)).Status);
        Assert.Equal((400, "BadParameter"), await CodeAsync("/secrets/adyen-hmac-key"));
        Assert.Equal((400, "BadParameter"), await CodeAsync("/secrets/adyen-hmac-key?api-version=1.0"));
        Assert.Equal((400, "BadParameter"), await CodeAsync("/secrets/adyen_hmac_key" + Version));
        foreach (var version in new[] { "7.4", "7.5", "2025-07-01", "2026-04-01" }) Assert.Equal(200, (await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets/adyen-hmac-key?api-version=" + version, explorer)).Status);

        async Task<(int, string?)> CodeAsync(string path)
        {
            var answer = await Cloud.VaultAsync(HttpMethod.Get, Payments, path, explorer);
            return (answer.Status, answer.Code);
        }
    }

    [Fact]
    public async Task A_vault_with_access_policies_does_not_look_at_role_assignments()
    {
        var refused = await Cloud.VaultAsync(HttpMethod.Get, "kv-legacy-erp", "/secrets/erp-db-connection" + Version, FenwickCompany.ExplorerPrincipal);
        Assert.Equal((403, "ForbiddenByPolicy"), (refused.Status, refused.InnerCode));
        Assert.Equal(200, (await Cloud.VaultAsync(HttpMethod.Get, "kv-legacy-erp", "/secrets/erp-db-connection" + Version, FenwickCompany.Tomas)).Status);
    }

    [Fact]
    public async Task Only_a_token_for_key_vault_opens_a_vault()
    {
        const string address = "https://kv-payments-prod.vault.azure.net/secrets/adyen-hmac-key?api-version=7.6";
        var explorer = FenwickCompany.ExplorerPrincipal;
        var good = Cloud.Token(explorer, CloudClients.VaultAudience);
        string?[] bad =
        [
            null, "garbage", good[..^4] + "AAAA", Cloud.Token(explorer, CloudClients.GraphAudience), Cloud.Token(explorer, CloudClients.ArmAudience),
            Cloud.Token(explorer, CloudClients.VaultAudience, life: TimeSpan.FromMinutes(-1)), Cloud.Token(explorer, CloudClients.VaultAudience, issuer: "https://evil.example/v2.0"),
        ];
        Assert.Equal(200, (await Cloud.SendAsync(HttpMethod.Get, address, good)).Status);
        foreach (var token in bad)
        {
            var answer = await Cloud.SendAsync(HttpMethod.Get, address, token);
            Assert.Equal((401, "Unauthorized"), (answer.Status, answer.Code));
            Assert.Contains("authorization=\"https://localhost:", answer.Headers["WWW-Authenticate"], StringComparison.Ordinal);
            Assert.EndsWith("resource=\"https://vault.azure.net\"", answer.Headers["WWW-Authenticate"], StringComparison.Ordinal);
            JsonShape.KeyVault.Fits("KeyVaultError", answer.Json);
        }
    }

    [Fact]
    public async Task A_vault_that_is_not_there_does_not_answer() =>
        await Assert.ThrowsAsync<HttpRequestException>(() => Cloud.VaultAsync(HttpMethod.Get, "kv-nowhere", "/secrets" + Version, FenwickCompany.ExplorerPrincipal));

    [Fact]
    public async Task A_condition_on_the_secret_name_is_kept()
    {
        var assignment = new RoleAssignment(Guid.NewGuid(), FenwickEstate.VaultScope(Payments), BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Priya, "User")
        {
            Condition = "(!(ActionMatches{'Microsoft.KeyVault/vaults/secrets/getSecret/action'})) OR (@Resource[Microsoft.KeyVault/vaults/secrets:name] StringEquals 'klarna-api-password')",
            ConditionVersion = "2.0",
        };
        Resources.Put(assignment);
        try
        {
            Assert.Equal(200, (await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets/klarna-api-password" + Version, FenwickCompany.Priya)).Status);
            Assert.Equal(403, (await Cloud.VaultAsync(HttpMethod.Get, Payments, "/secrets/paypal-client-secret" + Version, FenwickCompany.Priya)).Status);
        }
        finally
        {
            Resources.RemoveAssignment(assignment.Name);
        }
    }

    private static async Task<(int Status, string? Inner)> RefusalAsync(Func<Task> call)
    {
        var e = await Assert.ThrowsAsync<RequestFailedException>(call);
        var body = e.GetRawResponse()!.Content.ToMemory();
        return (e.Status, JsonNode.Parse(body.Span)?["error"]?["innererror"]?["code"]?.GetValue<string>());
    }
}
