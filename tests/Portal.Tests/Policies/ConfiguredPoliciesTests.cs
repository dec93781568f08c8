using System.Text;
using Microsoft.Extensions.Configuration;
using Portal.Core.Catalog;
using Portal.Core.Policies;
using Portal.Web.Policies;

namespace Portal.Tests.Policies;

/// <summary>A policy that is written a little wrong must stop the start: passed over, what is wrong leaves a default in force that may be the widest there is.</summary>
public sealed class ConfiguredPoliciesTests
{
    [Theory]
    [InlineData("\"Secret\": [ \"stripe-*\" ]", "AccessPolicies:0:Secret: there is no such setting; did you mean Secrets?")]
    [InlineData("\"RequireTicket\": true", "AccessPolicies:0:RequireTicket: there is no such setting; did you mean RequiresTicket?")]
    [InlineData("\"MaxWindow\": \"01:00:00\"", "AccessPolicies:0:MaxWindow: there is no such setting; there are Name, Description, Vaults, Secrets, WholeVault, Roles, Eligible, Approvers, LongestWindow, RequiresTicket, LapsesAfter, Provider, ProviderGroup.")]
    [InlineData("\"Secrets\": \"stripe-*\"", "AccessPolicies:0:Secrets: must be a list, also with one entry: [ \"stripe-*\" ], or as an environment variable AccessPolicies__0__Secrets__0.")]
    [InlineData("\"Secrets\": {\"Only\": \"stripe-*\"}", "AccessPolicies:0:Secrets: must be a list, also with one entry: [ … ], or as an environment variable AccessPolicies__0__Secrets__0.")]
    [InlineData("\"Secrets\": []", "AccessPolicies:0:Secrets: empty; name at least one secret, or leave it out. For the vault as a whole and no single secrets, leave it out and set WholeVault to \"only\".")]
    [InlineData("\"Secrets\": null", "AccessPolicies:0:Secrets: empty; name at least one secret, or leave it out. For the vault as a whole and no single secrets, leave it out and set WholeVault to \"only\".")]
    [InlineData("\"Secrets\": [ \"\" ]", "AccessPolicies:0:Secrets:0: missing; must be a text.")]
    [InlineData("\"Secrets\": [ { \"Name\": \"stripe\" } ]", "AccessPolicies:0:Secrets:0: missing; must be a text.")]
    [InlineData("\"Secrets\": [ \"stripe\" ], \"WholeVault\": \"only\"", "AccessPolicies:0:Secrets: must be left out where WholeVault is \"only\".")]
    [InlineData("\"WholeVault\": \"sometimes\"", "AccessPolicies:0:WholeVault must be true, false or \"only\".")]
    [InlineData("\"RequiresTicket\": [ true ]", "AccessPolicies:0:RequiresTicket: must be one value, not a list or a section.")]
    [InlineData("\"LongestWindow\": [ \"01:00:00\" ]", "AccessPolicies:0:LongestWindow: must be one value, not a list or a section.")]
    [InlineData("\"Vaults\": \"kv-payments-test\"", "AccessPolicies:0:Vaults: must be a list, also with one entry: [ \"kv-payments-test\" ], or as an environment variable AccessPolicies__0__Vaults__0.")]
    [InlineData("\"Roles\": []", "AccessPolicies:0:Roles: empty; name at least one.")]
    [InlineData("\"Eligible\": { \"Id\": \"61a0c001-0000-4000-8000-000000000001\" }", "AccessPolicies:0:Eligible: must be a list, also with one entry: [ … ], or as an environment variable AccessPolicies__0__Eligible__0.")]
    [InlineData("\"Approvers\": [ { \"Id\": \"61a0c001-0000-4000-8000-000000000002\", \"ObjectId\": \"x\" } ]", "AccessPolicies:0:Approvers:0:ObjectId: there is no such setting; there are Id, Name.")]
    [InlineData("\"Provider\": [ \"PimSchedule\" ]", "AccessPolicies:0:Provider: must be one value, not a list or a section.")]
    public void What_would_be_passed_over_is_refused_with_its_key_and_said_once(string json, string expected) =>
        Assert.Equal([expected], FaultsOf(Policy(json)));

    [Theory]
    [InlineData("24:00:00")]
    [InlineData("30:00:00")]
    [InlineData("8")]
    [InlineData("08:00")]
    [InlineData("1:00:00:00")]
    [InlineData("1.24:00:00")]
    [InlineData("-01:00:00")]
    [InlineData("8h")]
    public void A_length_that_reads_otherwise_than_it_looks_is_refused_and_the_right_form_named(string value)
    {
        foreach (var key in (string[])["LongestWindow", "LapsesAfter"])
            Assert.Equal([$"AccessPolicies:0:{key}: '{value}' is not valid; hours:minutes:seconds below a day (08:00:00), days.hours:minutes:seconds from a day on (one day is 1.00:00:00, not 24:00:00)."], FaultsOf(Policy($"\"{key}\": \"{value}\"")));
    }

    [Theory]
    [InlineData("04:00:00", 4)]
    [InlineData("8:00:00", 8)]
    [InlineData("23:00:00", 23)]
    [InlineData("1.00:00:00", 24)]
    [InlineData("30.00:00:00", 720)]
    public void A_length_is_read_as_it_looks(string value, int hours) =>
        Assert.Equal(TimeSpan.FromHours(hours), Read(Policy($"\"LongestWindow\": \"{value}\"")).LongestWindow);

    [Fact]
    public void Only_secrets_that_are_left_out_are_all_of_them()
    {
        Assert.Equal(["*"], Read(Policy("\"RequiresTicket\": true")).Secrets);
        Assert.Equal(["stripe-*"], Read(Policy("\"Secrets\": [ \"stripe-*\" ]")).Secrets);
    }

    [Fact]
    public void A_policy_may_offer_a_vault_as_a_whole_and_no_single_secrets()
    {
        var policy = Read(Policy("\"WholeVault\": \"only\""));
        Assert.True(policy.Covers(new Entitlement("kv-payments-test", null, GrantableRole.SecretsUser)));
        Assert.False(policy.Covers(new Entitlement("kv-payments-test", "stripe-api-key", GrantableRole.SecretsUser)));
    }

    [Theory]
    [InlineData("{ \"AccessPolicies\": \"payments\" }", "AccessPolicies: must be a list, also with one entry: [ … ], or as an environment variable AccessPolicies__0.")]
    [InlineData("{ \"AccessPolicies\": { \"Name\": \"payments\" } }", "AccessPolicies: must be a list, also with one entry: [ … ], or as an environment variable AccessPolicies__0.")]
    public void Policies_are_a_list(string json, string expected) => Assert.Equal(expected, FaultsOf(json)[0]);

    [Fact]
    public void No_policies_are_none() => Assert.Empty(FaultsOf("{ \"AccessPolicies\": [] }"));

    [Fact]
    public void Policies_from_two_places_are_refused_for_they_would_be_merged_entry_by_entry()
    {
        var faults = new List<string>();
        ConfiguredPolicies.Read(Json(Policy("\"Secrets\": [ \"stripe-*\" ]")).AddCommandLine(["--AccessPolicies:0:Secrets:0=*"]).Build(), faults);
        Assert.Equal(["AccessPolicies: there are entries in a stream and in the command line, and entry by entry the later would be laid over the earlier. Keep all of them in one place."], faults);
    }

    [Fact]
    public void An_empty_list_over_another_takes_nothing_away_and_is_refused_too()
    {
        var faults = new List<string>();
        ConfiguredPolicies.Read(Json(Policy("\"RequiresTicket\": true"), "{ \"AccessPolicies\": [] }").Build(), faults);
        Assert.StartsWith("AccessPolicies: there are entries in ", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_list_under_another_mixes_nothing()
    {
        var faults = new List<string>();
        Assert.Single(ConfiguredPolicies.Read(Json("{ \"AccessPolicies\": [] }", "{ \"AccessPolicies\": null }", Policy("\"RequiresTicket\": true")).Build(), faults));
        Assert.Empty(faults);

        // Over it, it does not take away what somebody may think it does.
        ConfiguredPolicies.Read(Json("{ \"AccessPolicies\": [] }", Policy("\"RequiresTicket\": true"), "{ \"AccessPolicies\": [] }").Build(), faults);
        Assert.StartsWith("AccessPolicies: there are entries in ", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_from_two_places_is_one()
    {
        // A host shows its arguments twice.
        var faults = new List<string>();
        Assert.Single(ConfiguredPolicies.Read(Json(Policy("\"RequiresTicket\": true"), Policy("\"RequiresTicket\": true")).Build(), faults));
        Assert.Empty(faults);
    }

    private static PolicyDefinition Read(string json)
    {
        var faults = new List<string>();
        var policy = Assert.Single(ConfiguredPolicies.Read(Json(json).Build(), faults));
        Assert.Empty(faults);
        return policy;
    }

    private static List<string> FaultsOf(string json)
    {
        var faults = new List<string>();
        ConfiguredPolicies.Read(Json(json).Build(), faults);
        return faults;
    }

    private static IConfigurationBuilder Json(params string[] files) => files.Aggregate((IConfigurationBuilder)new ConfigurationBuilder(), (all, json) => all.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))));

    // A policy that is right, but for what is given.
    private static string Policy(string settings)
    {
        var given = System.Text.Json.Nodes.JsonNode.Parse($"{{{settings}}}")!.AsObject();
        var policy = System.Text.Json.Nodes.JsonNode.Parse("""
            {
              "Name": "payments-test",
              "Vaults": [ "kv-payments-test" ],
              "Roles": [ "Key Vault Secrets User" ],
              "Eligible": [ { "Id": "61a0c001-0000-4000-8000-000000000001" } ],
              "Approvers": [ { "Id": "61a0c001-0000-4000-8000-000000000002" } ]
            }
            """)!.AsObject();
        foreach (var (key, value) in given)
            policy[key] = value?.DeepClone();
        return $"{{\"AccessPolicies\": [ {policy.ToJsonString()} ] }}";
    }
}
