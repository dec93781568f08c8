using Microsoft.Extensions.Configuration;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Policies;
using Portal.Tests.World;
using Portal.Web.Policies;

namespace Portal.Tests.Policies;

/// <summary>How a policy says in which way its grants reach the cloud.</summary>
public sealed class ProviderPolicyTests
{
    private const string Readers = "61a0c001-0000-4000-8000-000000000009";

    [Fact]
    public void Without_a_word_it_is_a_role_assignment()
    {
        var policy = Read([]);
        Assert.Equal(ProviderChoice.RoleAssignment, policy.Choice);
        Assert.Equal(TimeSpan.FromMinutes(5), policy.LeastWindow);
    }

    [Fact]
    public void A_membership_names_its_group_and_offers_the_vault_as_a_whole()
    {
        var policy = Read(new() { ["Provider"] = "groupMembership", ["ProviderGroup:Id"] = Readers, ["ProviderGroup:Name"] = "readers", ["WholeVault"] = "true" });
        Assert.Equal(new ProviderChoice(GrantProvider.GroupMembership, new Guid(Readers)), policy.Choice);
        Assert.Empty(policy.Secrets);
        Assert.True(policy.Covers(new Entitlement("kv-payments-test", null, GrantableRole.SecretsUser)));
        Assert.False(policy.Covers(new Entitlement("kv-payments-test", "stripe-api-key", GrantableRole.SecretsUser)));
    }

    [Fact]
    public void A_policy_reads_the_same_from_the_database_and_one_from_before_is_a_role_assignment()
    {
        var policy = Read(new() { ["Provider"] = "GroupMembership", ["ProviderGroup:Id"] = Readers, ["WholeVault"] = "true" });
        Assert.Equal(policy.ToJson(), PolicyDefinition.FromJson(policy.ToJson()).ToJson());
        Assert.Contains("\"GroupMembership\"", policy.ToJson(), StringComparison.Ordinal);
        var before = PolicyDefinition.FromJson("""{"Name":"x","Vaults":["*"],"Roles":[],"Eligible":[],"Approvers":[],"LongestWindow":"01:00:00"}""");
        Assert.Equal(ProviderChoice.RoleAssignment, before.Choice);
    }

    [Theory]
    [InlineData("AccessPolicies:0:Provider must be one of RoleAssignment, GroupMembership, PimSchedule.", "Provider", "Magic")]
    [InlineData("AccessPolicies:0:Provider must be one of RoleAssignment, GroupMembership, PimSchedule.", "Provider", "1")]
    [InlineData("AccessPolicies:0:ProviderGroup must name the group that holds the role, by its object id.", "Provider", "GroupMembership", "WholeVault", "true")]
    [InlineData("AccessPolicies:0:ProviderGroup:Id must be a group's object id, as a GUID.", "Provider", "GroupMembership", "WholeVault", "true", "ProviderGroup:Id", "readers")]
    [InlineData("AccessPolicies:0: a membership cannot be narrower than what its group holds, so with GroupMembership WholeVault must be true and Secrets be left out.", "Provider", "GroupMembership", "ProviderGroup:Id", Readers)]
    [InlineData("AccessPolicies:0: a membership cannot be narrower than what its group holds, so with GroupMembership WholeVault must be true and Secrets be left out.", "Provider", "GroupMembership", "ProviderGroup:Id", Readers, "WholeVault", "true", "Secrets:0", "stripe-*")]
    [InlineData("AccessPolicies:0:Roles must name the one role that the group holds.", "Provider", "GroupMembership", "ProviderGroup:Id", Readers, "WholeVault", "true", "Roles:1", "Key Vault Reader")]
    [InlineData("AccessPolicies:0:ProviderGroup must be neither among Eligible nor among Approvers of any policy: membership would decide about membership.", "Provider", "GroupMembership", "WholeVault", "true", "ProviderGroup:Id", "61a0c001-0000-4000-8000-000000000002")]
    [InlineData("AccessPolicies:0:ProviderGroup is for the provider GroupMembership.", "ProviderGroup:Id", Readers)]
    [InlineData("AccessPolicies:0:LongestWindow must lie between 00:10:00 and 30.00:00:00.", "Provider", "PimSchedule", "LongestWindow", "00:09:00")]
    public void What_does_not_fit_is_said_with_its_key(string expected, params string[] settings)
    {
        var faults = new List<string>();
        ConfiguredPolicies.Read(Configuration(settings.Chunk(2).ToDictionary(p => p[0], p => (string?)p[1])), faults);
        Assert.Contains(expected, faults);
    }

    [Theory]
    [InlineData(GrantProvider.RoleAssignment, 5)]
    [InlineData(GrantProvider.PimSchedule, 10)]
    public void A_window_is_never_shorter_than_the_provider_can_keep(GrantProvider provider, int minutes)
    {
        var policy = new AccessPolicy(Company.Policies[0] with { Provider = provider }, 1, 0, DateTimeOffset.UnixEpoch);
        Assert.DoesNotContain(Judge(minutes), r => r.Code == RefusalCode.WindowTooShort);
        Assert.Equal(minutes, Assert.Single(Judge(minutes - 1), r => r.Code == RefusalCode.WindowTooShort).Arguments[0]);

        IEnumerable<Refusal> Judge(int asked) => PolicyEvaluation.Evaluate([policy],
            new PolicyQuestion(new Entitlement("kv-payments-prod", "stripe-api-key", GrantableRole.SecretsUser), new HashSet<Guid> { Company.PaymentsEngineers }, TimeSpan.FromMinutes(asked), null, null),
            DateTimeOffset.UnixEpoch).Refusals;
    }

    private static PolicyDefinition Read(Dictionary<string, string?> settings)
    {
        var faults = new List<string>();
        var policy = Assert.Single(ConfiguredPolicies.Read(Configuration(settings), faults));
        Assert.Empty(faults);
        return policy;
    }

    private static IConfiguration Configuration(Dictionary<string, string?> settings)
    {
        var all = new Dictionary<string, string?>
        {
            ["Name"] = "payments-test",
            ["Vaults:0"] = "kv-payments-test",
            ["Roles:0"] = "Key Vault Secrets User",
            ["Eligible:0:Id"] = "61a0c001-0000-4000-8000-000000000001",
            ["Approvers:0:Id"] = "61a0c001-0000-4000-8000-000000000002",
        };
        foreach (var (key, value) in settings)
            all[key] = value;
        return new ConfigurationBuilder().AddInMemoryCollection(all.ToDictionary(s => $"{ConfiguredPolicies.Section}:0:{s.Key}", s => s.Value)).Build();
    }
}
