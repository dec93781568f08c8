using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

/// <summary>Conditions on role assignments, as anyone may send them who may give roles: none of them costs more than a refusal.</summary>
public sealed class ConditionTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private const string RoleOfRequest = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]";
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-payments-prod", "adyen-hmac-key");
    private static readonly ArmScope Vault = FenwickEstate.VaultScope("kv-payments-test");

    private CloudClients Cloud => new(sandbox.Host, sandbox.Handler);

    public static TheoryData<string> TooMuch => new()
    {
        Nested("(", 1_000_000, ")"),
        Nested("!(", 1_000_000, ")"),
        new string('!', 1_000_000) + Of("a"),
        string.Join(" OR ", Enumerable.Repeat(Of("a"), 20_000)),
        Nested("(", 65, ")"),
        Of(new string('a', 8_192)),
    };

    [Theory]
    [MemberData(nameof(TooMuch), DisableDiscoveryEnumeration = true)]
    public async Task One_that_is_too_long_or_too_deep_is_refused(string condition)
    {
        var refused = await SendAsync(condition);
        Assert.Equal((400, "InvalidCondition"), (refused.Status, refused.Code));
    }

    [Theory]
    [InlineData(" OR ", 201)]
    [InlineData(" AND ", 403)]
    [InlineData(" || ", 201)]
    [InlineData(" && ", 403)]
    public async Task One_of_the_greatest_length_is_judged(string joint, int expected)
    {
        // The only one that holds stands last: all are looked at.
        var part = $"{RoleOfRequest} GuidEquals ";
        var parts = Enumerable.Repeat(part + "a", 75).Append(part + BuiltInRoles.KeyVaultSecretsUser);
        Assert.Equal(expected, await GiveUnderAsync(string.Join(joint, parts), FenwickCompany.Hanna));
    }

    [Theory]
    [InlineData("4633458b-*", 201)]
    [InlineData("*-b874-*c86b69?6", 201)]
    [InlineData("*", 201)]
    [InlineData("4633458b-?", 403)]
    [InlineData(@"4633458b\*", 403)]
    [InlineData("4633458B-*", 403)]
    public async Task A_likeness_is_found(string pattern, int expected) =>
        Assert.Equal(expected, await GiveUnderAsync($"{RoleOfRequest} StringLike '{pattern}'", FenwickCompany.Jonas));

    [Fact]
    public async Task A_likeness_with_many_stars_is_judged_at_once()
    {
        var condition = $"@Resource[Microsoft.KeyVault/vaults/secrets:name] StringLike '{string.Concat(Enumerable.Repeat("*a", 30))}*b'";
        sandbox.Host.Control.Resources.Put(new RoleAssignment(Guid.NewGuid(), Vault, BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Hanna, "User") { Condition = condition, ConditionVersion = "2.0" });
        Assert.Equal(404, (await ReadAsync(new string('a', 120) + "b")).Status);
        Assert.Equal(403, (await ReadAsync(new string('a', 121))).Status);

        Task<Answer> ReadAsync(string secret) => Cloud.VaultAsync(HttpMethod.Get, "kv-payments-test", $"/secrets/{secret}?api-version=7.6", FenwickCompany.Hanna);
    }

    [Fact]
    public async Task A_type_of_principal_of_any_length_is_refused_before_it_is_compared()
    {
        var state = sandbox.Host.Control.Resources;
        var condition = $"@Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringLike '*{new string('a', 8_000)}b'";
        state.Put(new RoleAssignment(Guid.NewGuid(), Secret, BuiltInRoles.RoleBasedAccessControlAdministrator, FenwickCompany.ExplorerPrincipal, "ServicePrincipal") { Condition = condition, ConditionVersion = "2.0" });
        foreach (var type in (string[])[new string('a', 1_000_000), "Users", ""])
        {
            var refused = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), FenwickCompany.ExplorerPrincipal, CloudClients.Grant(BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Mira, type));
            Assert.Equal((400, "BadRequestFormat"), (refused.Status, refused.Code));
        }
    }

    [Fact]
    public async Task Two_negations_are_none_and_three_are_one()
    {
        var holds = $"({RoleOfRequest} GuidEquals {BuiltInRoles.KeyVaultSecretsUser})";
        Assert.Equal(201, await GiveUnderAsync("!!" + holds, FenwickCompany.Priya));
        Assert.Equal(403, await GiveUnderAsync("! NOT !" + holds, FenwickCompany.Priya));
    }

    private static string Of(string value) => $"{RoleOfRequest} StringEquals '{value}'";

    private static string Nested(string open, int depth, string close) =>
        string.Concat(Enumerable.Repeat(open, depth)) + Of("a") + string.Concat(Enumerable.Repeat(close, depth));

    private Task<Answer> SendAsync(string condition)
    {
        var body = CloudClients.Grant(BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Mira);
        body["properties"]!["condition"] = condition;
        body["properties"]!["conditionVersion"] = "2.0";
        return Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), FenwickCompany.ExplorerPrincipal, body);
    }

    /// <summary>What somebody is answered who may give roles under this condition alone, and gives one.</summary>
    private async Task<int> GiveUnderAsync(string condition, Guid giver)
    {
        var state = sandbox.Host.Control.Resources;
        var right = new RoleAssignment(Guid.NewGuid(), Vault, BuiltInRoles.RoleBasedAccessControlAdministrator, giver, "User") { Condition = condition, ConditionVersion = "2.0" };
        Assert.Equal(PutOutcome.Created, state.Put(right).Outcome);
        var name = Guid.NewGuid();
        var answer = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Vault, name), giver, CloudClients.Grant(BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Mira));
        state.RemoveAssignment(name);
        state.RemoveAssignment(right.Name);
        return answer.Status;
    }
}
