using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Options;
using Portal.Azure;

namespace Portal.Tests.Azure;

public sealed class CloudOptionsTests
{
    private static readonly (string, string?)[] Complete = [("AzureAd:TenantId", Guid.NewGuid().ToString()), ("AzureAd:ClientId", Guid.NewGuid().ToString())];

    [Fact]
    public void The_public_cloud_needs_a_tenant_and_a_client_and_nothing_else() => Assert.Empty(Errors("Production", Complete));

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_with_its_key()
    {
        var errors = Errors("Production",
            ("Cloud:AuthorityHost", "http://login.example"), ("Cloud:ResourceManagerEndpoint", "x"), ("Cloud:ResourceManagerAudience", "y"), ("Cloud:GraphEndpoint", ""), ("Cloud:KeyVaultSuffix", "net"),
            ("Cloud:Credential", "ClientSecret"), ("Cloud:ManagedIdentityClientId", "me"), ("Cloud:Subscriptions:0", "prod"), ("Cloud:CallTimeout", "00:10:00"), ("AzureAd:TenantId", "common"));
        string[] keys = ["Cloud:AuthorityHost", "Cloud:ResourceManagerEndpoint", "Cloud:ResourceManagerAudience", "Cloud:GraphEndpoint", "Cloud:KeyVaultSuffix",
            "Cloud:Credential", "Cloud:ManagedIdentityClientId", "Cloud:Subscriptions:0", "Cloud:CallTimeout", "AzureAd:TenantId", "AzureAd:ClientId", "AzureAd:ClientSecret"];
        Assert.Equal(keys.Length, errors.Count);
        Assert.All(keys, k => Assert.Contains(errors, e => e.StartsWith(k + " ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Development", 0)]
    [InlineData("Production", 1)]
    [InlineData("Staging", 1)]
    public void What_the_machine_offers_is_for_development_only(string environment, int errors) =>
        Assert.Equal(errors, Errors(environment, [.. Complete, ("Cloud:Credential", "default")]).Count);

    [Theory]
    [InlineData("Development", 0)]
    [InlineData("Production", 1)]
    [InlineData("Staging", 1)]
    public void A_client_secret_is_for_development_only(string environment, int errors) =>
        Assert.Equal(errors, Errors(environment, [.. Complete, ("Cloud:Credential", "ClientSecret"), ("AzureAd:ClientSecret", "s")]).Count);

    [Fact]
    public void An_unknown_credential_names_the_known_ones() =>
        Assert.Contains("ManagedIdentity, WorkloadIdentity", Assert.Single(Errors("Production", [.. Complete, ("Cloud:Credential", "Password")])), StringComparison.Ordinal);

    [Fact]
    public async Task A_host_with_wrong_settings_does_not_start()
    {
        using var host = new HostBuilder().ConfigureServices(s => s.AddPortalAzure(new ConfigurationBuilder().Build())).Build();
        var e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));
        Assert.Contains("AzureAd:TenantId", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_library_shows_the_world_only_how_to_add_and_configure_it() =>
        Assert.Equal(["CloudOptions", "PortalAzure"], typeof(CloudOptions).Assembly.GetExportedTypes().Select(t => t.Name).Order());

    [Theory]
    [InlineData("ManagedIdentity")]
    [InlineData("WorkloadIdentity")]
    [InlineData("Default")]
    public void Every_kind_of_credential_can_be_made(string kind)
    {
        using var services = Services("Development", [.. Complete, ("Cloud:Credential", kind), ("Cloud:ManagedIdentityClientId", Guid.NewGuid().ToString())]);
        Assert.NotNull(services.GetRequiredService<Portal.Core.Grants.IRoleAssignments>());
    }

    private static List<string> Errors(string environment, params (string Key, string? Value)[] settings)
    {
        using var services = Services(environment, settings);
        try
        {
            _ = services.GetRequiredService<IOptions<CloudOptions>>().Value;
            return [];
        }
        catch (OptionsValidationException e)
        {
            return [.. e.Failures];
        }
    }

    private static ServiceProvider Services(string environment, params (string Key, string? Value)[] settings) => new ServiceCollection()
        .AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = environment })
        .AddPortalAzure(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, s.Value))).Build())
        .BuildServiceProvider();
}
