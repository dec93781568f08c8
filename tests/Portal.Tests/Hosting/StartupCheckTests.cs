using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Portal.Web.Hosting;

namespace Portal.Tests.Hosting;

public sealed class StartupCheckTests
{
    private static readonly Dictionary<string, string?> Complete = new()
    {
        ["AzureAd:TenantId"] = "8d2a4c1e-6b1f-4e0a-9d53-2f7c1b9e4a10",
        ["AzureAd:ClientId"] = "7a11c0de-1111-4000-8000-00000000a001",
        ["Database:Provider"] = "PostgreSql",
        ["ConnectionStrings:Portal"] = "Host=db",
        ["AzureAd:ClientCredentials:0:SourceType"] = "SignedAssertionFromManagedIdentity",
        ["AzureAd:ClientCredentials:0:ManagedIdentityClientId"] = "7a11c0de-1111-4000-8000-00000000a002",
    };

    [Fact]
    public void Complete_settings_start() => Assert.Empty(Problems(Complete));

    [Fact]
    public void Every_missing_setting_is_named_at_once()
    {
        var problems = Problems([]);
        Assert.Equal(["AzureAd:TenantId", "AzureAd:ClientId", "AzureAd:ClientCredentials", "Database:Provider", "ConnectionStrings:Portal"], problems.Select(p => p[..p.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Theory]
    [InlineData("AzureAd:TenantId", "common")]
    [InlineData("AzureAd:ClientId", "00000000-0000-0000-0000-000000000000")]
    [InlineData("AzureAd:Instance", "http://login.example/")]
    [InlineData("Database:Provider", "Oracle")]
    [InlineData("ConnectionStrings:Portal", " ")]
    [InlineData("Cloud:ResourceManagerEndpoint", "management.azure.com")]
    [InlineData("AzureAd:ClientSecret", "canary-3f9")]
    [InlineData("AzureAd:ClientCredentials:0:SourceType", "ClientSecret")]
    [InlineData("AzureAd:ClientCredentials:0:ClientSecret", "canary-3f9")]
    [InlineData("Cloud:Credential", "ClientSecret")]
    [InlineData("Cloud:Credential", "Default")]
    [InlineData("Requests:MostPerHour", "0")]
    [InlineData("Requests:MostPerHour", "-1")]
    [InlineData("Requests:MostPerHour", "10001")]
    [InlineData("Requests:MostPerHour", "many")]
    [InlineData("Audit:Retention", "89.23:59:59")]
    [InlineData("Audit:Retention", "400 days")]
    [InlineData("Audit:CheckpointContainer", "audit-checkpoints")]
    [InlineData("Audit:CheckpointContainer", "http://stfenwickaudit.blob.core.windows.net/audit-checkpoints")]
    [InlineData("Audit:CheckpointContainer", "https://stfenwickaudit.blob.core.windows.net/audit-checkpoints?sv=2025-01-05&sig=canary")]
    [InlineData("Audit:CheckpointContainer", "https://canary@stfenwickaudit.blob.core.windows.net/audit-checkpoints")]
    [InlineData("Audit:CheckpointContainer", "https://stfenwickaudit.blob.core.windows.net:8443/audit-checkpoints")]
    [InlineData("Audit:CheckpointContainer", "https://stfenwickaudit.blob.core.windows.net/")]
    [InlineData("Audit:CheckpointContainer", "https://stfenwickaudit.blob.core.windows.net/audit-checkpoints/canary")]
    [InlineData("Audit:CheckpointContainer", "https://stfenwickaudit.blob.core.windows.net/Audit")]
    [InlineData("Audit:CheckpointContainer", "https://collector.example/audit-checkpoints")]
    public void A_wrong_setting_is_named_and_a_secret_is_not_repeated(string key, string value)
    {
        var problem = Assert.Single(Problems(new(Complete) { [key] = value }));
        Assert.StartsWith(key.Replace(":SourceType", "", StringComparison.Ordinal).Replace("0:ClientSecret", "0", StringComparison.Ordinal), problem, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Cloud:Subscriptions", "9e10c0de-1", "Cloud:Subscriptions: must be a list, also with one entry: [ \"9e10c0de-1\" ], or as an environment variable Cloud__Subscriptions__0.")]
    [InlineData("Cloud:Subscriptions", "", "Cloud:Subscriptions: empty; name at least one, or leave it out for all that the identity sees.")]
    [InlineData("Cloud:Subscription", "9e10c0de-1", "Cloud:Subscription: there is no such setting; did you mean Subscriptions?")]
    [InlineData("Cloud:Subscription:0", "9e10c0de-1", "Cloud:Subscription: there is no such setting; did you mean Subscriptions?")]
    [InlineData("Cloud:Credential:0", "WorkloadIdentity", "Cloud:Credential: must be one value, not a list or a section.")]
    [InlineData("Audit:RetentionDays", "400", "Audit:RetentionDays: there is no such setting; there are Retention, Origin, SigningKeyFile, CheckpointFile, CheckpointContainer.")]
    [InlineData("Audit:CheckpointsFile", "/mnt/worm/audit-checkpoints", "Audit:CheckpointsFile: there is no such setting; did you mean CheckpointFile?")]
    [InlineData("Requests:MostPerDay", "60", "Requests:MostPerDay: there is no such setting; there is only MostPerHour.")]
    [InlineData("Portal:DataDir", "/var/lib/access-portal", "Portal:DataDir: there is no such setting; there are DataDirectory, EnvironmentName.")]
    [InlineData("AllowedHosts:0", "access.example.com", "AllowedHosts: must be one value, not a list or a section; several names with a semicolon between them.")]
    [InlineData("AzureAd:BrowserOrigins", "http://localhost:7446", "AzureAd:BrowserOrigins: must be a list, also with one entry: [ \"http://localhost:7446\" ], or as an environment variable AzureAd__BrowserOrigins__0.")]
    [InlineData("AzureAd:ClientCredentials:SourceType", "SignedAssertionFilePath", "AzureAd:ClientCredentials: must be a list, also with one entry: [ … ], or as an environment variable AzureAd__ClientCredentials__0.")]
    [InlineData("AuditStreams", "https://siem.example/canary", "AuditStreams: must be a list, also with one entry: [ … ], or as an environment variable AuditStreams__0.")]
    [InlineData("AuditStreams:Name", "siem", "AuditStreams: must be a list, also with one entry: [ … ], or as an environment variable AuditStreams__0.")]
    public void A_setting_that_would_be_passed_over_is_refused(string key, string value, string expected) =>
        Assert.Equal(expected, Problems(new(Complete) { [key] = value })[0]);

    [Theory]
    [InlineData("AuthorityHost", "https://login.microsoftonline.us/")]
    [InlineData("ResourceManagerEndpoint", "https://management.usgovcloudapi.net")]
    [InlineData("ResourceManagerAudience", "https://management.core.usgovcloudapi.net/")]
    [InlineData("KeyVaultSuffix", "vault.usgovcloudapi.net")]
    [InlineData("GraphEndpoint", "https://graph.microsoft.us")]
    [InlineData("Credential", "WorkloadIdentity")]
    [InlineData("ManagedIdentityClientId", "7a11c0de-1111-4000-8000-00000000a002")]
    [InlineData("Subscriptions:0", "9e10c0de-0000-4000-8000-000000000001")]
    [InlineData("CallTimeout", "00:00:10")]
    public void Every_setting_of_the_cloud_is_known(string key, string value) => Assert.Empty(Problems(new(Complete) { [$"Cloud:{key}"] = value }));

    [Fact]
    public void No_setting_of_the_cloud_is_left_out_of_those() =>
        Assert.Equal(
            typeof(global::Portal.Azure.CloudOptions).GetProperties().Select(p => p.Name).Order(),
            typeof(StartupCheckTests).GetMethod(nameof(Every_setting_of_the_cloud_is_known))!.GetCustomAttributesData().Where(a => a.AttributeType == typeof(InlineDataAttribute))
                .Select(a => ((string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)a.ConstructorArguments[0].Value!)[0].Value!).Replace(":0", "", StringComparison.Ordinal)).Order());

    [Fact]
    public void Subscriptions_from_two_places_are_refused_for_they_would_be_merged_entry_by_entry()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(Complete).AddInMemoryCollection([new("Cloud:Subscriptions:0", "9e10c0de-0000-4000-8000-000000000001")])
            .AddCommandLine(["--Cloud:Subscriptions:1=9e10c0de-0000-4000-8000-000000000002"]).Build();
        Assert.Equal(["Cloud:Subscriptions: there are entries in memory and in the command line, and entry by entry the later would be laid over the earlier. Keep all of them in one place."],
            StartupCheck.Problems(configuration, new Environment(Environments.Production)));
    }

    [Theory]
    [InlineData(null, null, null, "AzureAd:ClientCredentials: missing; ")]
    [InlineData("SignedAssertionFromManagedIdentity", null, null, "AzureAd:ClientCredentials:0:ManagedIdentityClientId: missing; ")]
    [InlineData("signedAssertionFromManagedIdentity", "", null, "AzureAd:ClientCredentials:0:ManagedIdentityClientId: missing; ")]
    [InlineData("SignedAssertionFromManagedIdentity", "7a11c0de-1111-4000-8000-00000000a002", null, null)]
    [InlineData("SignedAssertionFilePath", null, null, null)]
    [InlineData("Certificate", null, null, null)]
    [InlineData(null, null, "canary", null)]
    public void A_sign_in_that_can_never_work_is_refused(string? source, string? identity, string? secret, string? expected)
    {
        var settings = Complete.Where(s => !s.Key.StartsWith("AzureAd:ClientCredentials", StringComparison.Ordinal)).ToDictionary();
        if (source is not null)
            settings["AzureAd:ClientCredentials:0:SourceType"] = source;
        if (identity is not null)
            settings["AzureAd:ClientCredentials:0:ManagedIdentityClientId"] = identity;
        if (secret is not null)
            settings["AzureAd:ClientSecret"] = secret;
        var problems = Problems(settings, secret is null ? Environments.Production : Environments.Development);
        if (expected is null)
            Assert.Empty(problems);
        else
            Assert.StartsWith(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_machine_offers_is_a_credential_for_development() =>
        Assert.Empty(Problems(new(Complete) { ["Cloud:Credential"] = "Default" }, Environments.Development));

    [Fact]
    public void Events_may_be_kept_for_ninety_days_or_longer() => Assert.Empty(Problems(new(Complete) { ["Audit:Retention"] = "90.00:00:00" }));

    [Theory]
    [InlineData("https://stfenwickaudit.blob.core.windows.net/audit-checkpoints", "https://stfenwickaudit.blob.core.windows.net/audit-checkpoints")]
    [InlineData("https://stfenwickaudit.blob.core.usgovcloudapi.net/abc/", "https://stfenwickaudit.blob.core.usgovcloudapi.net/abc")]
    [InlineData("https://stfenwickaudit.z01.blob.storage.azure.net/abc", "https://stfenwickaudit.z01.blob.storage.azure.net/abc")]
    [InlineData("", null)]
    public void A_container_for_checkpoints_is_its_address(string value, string? container)
    {
        var settings = new Dictionary<string, string?>(Complete) { ["Audit:CheckpointContainer"] = value };
        Assert.Empty(Problems(settings));
        Assert.Equal(container, SealingSetup.OptionsOf(Configuration(settings)).CheckpointContainer?.AbsoluteUri);
    }

    [Fact]
    public void A_client_secret_is_for_development() =>
        Assert.Empty(Problems(new(Complete) { ["AzureAd:ClientSecret"] = "x", ["Cloud:Credential"] = "ClientSecret" }, Environments.Development));

    [Fact]
    public void The_report_is_readable_and_stops_the_start()
    {
        var output = new StringWriter();
        Assert.True(StartupCheck.Report(Configuration([]), new Environment(Environments.Production), output));
        Assert.StartsWith("The portal cannot start: 5 settings are missing or wrong.", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output.ToString(), StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Problems(Dictionary<string, string?> settings, string environment = "Production") =>
        StartupCheck.Problems(Configuration(settings), new Environment(environment));

    private static IConfiguration Configuration(Dictionary<string, string?> settings) => new ConfigurationBuilder().AddInMemoryCollection(settings).Build();

    private sealed class Environment(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;
        public string ApplicationName { get; set; } = "Portal.Web";
        public string ContentRootPath { get; set; } = "/";
        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
