using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Portal.Azure;
using Portal.Core;
using Portal.Core.Grants;
using Portal.Sandbox;
using Portal.Tests.World;

namespace Portal.Tests.Azure;

/// <summary>The portal's cloud side, as it runs in production, on a sandbox of its own.</summary>
public sealed class SandboxCloud : IAsyncLifetime
{
    private ServiceProvider? provider;
    private string? directory;

    internal SandboxHost Sandbox { get; private set; } = null!;

    /// <summary>The clock of the machine that the portal runs on: right until a test sets it.</summary>
    internal MachineClock Machine { get; } = new(TimeProvider.System);

    internal T Get<T>() where T : notnull => provider!.GetRequiredService<T>();

    public async ValueTask InitializeAsync()
    {
        directory = System.IO.Directory.CreateTempSubdirectory("sandbox").FullName;
        Sandbox = await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = directory }, TestContext.Current.CancellationToken);
        provider = new ServiceCollection()
            .AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = Environments.Development })
            .AddSingleton<TimeProvider>(Machine)
            .AddSingleton(new CloudTransport(Sandbox.CreateHandler))
            .AddPortalAzure(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["AzureAd:TenantId"] = Sandbox.Addresses.TenantId.ToString(),
                ["AzureAd:ClientId"] = Sandbox.PortalClient.ClientId.ToString(),
                ["AzureAd:ClientSecret"] = Sandbox.PortalClient.ClientSecret,
                ["Cloud:AuthorityHost"] = Sandbox.Addresses.Instance,
                ["Cloud:Credential"] = "ClientSecret",
            }).Build())
            .BuildServiceProvider();
    }

    /// <summary>A person's token for Key Vault, as the sandbox's issuer signs them.</summary>
    internal IDelegatedTokens TokensOf(Guid person, string audience = "https://vault.azure.net", TimeSpan? lifetime = null) => new Signed(Sandbox, person, audience, lifetime ?? TimeSpan.FromHours(1));

    public async ValueTask DisposeAsync()
    {
        if (provider is not null)
            await provider.DisposeAsync();
        await Sandbox.DisposeAsync();
        System.IO.Directory.Delete(directory!, recursive: true);
    }

    private sealed class Signed(SandboxHost sandbox, Guid person, string audience, TimeSpan lifetime) : IDelegatedTokens
    {
        public Task<DelegatedToken?> FindAsync(string scope, CancellationToken ct)
        {
            Assert.Equal("https://vault.azure.net/user_impersonation", scope);
            var now = TimeProvider.System.GetUtcNow();
            var token = sandbox.Control.Tokens.Sign(new Dictionary<string, object>
            {
                ["iss"] = sandbox.Addresses.Authority,
                ["aud"] = audience,
                ["tid"] = sandbox.Addresses.TenantId.ToString(),
                ["oid"] = person.ToString(),
                ["scp"] = "user_impersonation",
                ["azp"] = sandbox.PortalClient.ClientId.ToString(),
                ["iat"] = now.AddHours(-2).ToUnixTimeSeconds(),
                ["nbf"] = now.AddHours(-2).ToUnixTimeSeconds(),
                ["exp"] = (now + lifetime).ToUnixTimeSeconds(),
            });
            // What the SDK is told lies ahead: whether the token is good is for Key Vault to say.
            return Task.FromResult<DelegatedToken?>(new DelegatedToken(token, now.AddHours(1)));
        }
    }
}
