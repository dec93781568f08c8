using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using Portal.Sandbox.Company;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Portal.Sandbox.Entra;

/// <summary>OpenIddict without a database, shaped like Entra ID v2.0.</summary>
internal static class EntraServer
{
    /// <summary>Lifetime of access tokens: the lower end of what Entra ID gives (60 to 90 minutes).</summary>
    private static readonly TimeSpan AccessTokenLifetime = TimeSpan.FromMinutes(60);

    public static void AddEntra(this IServiceCollection services, EntraKeys keys, SandboxAddresses addresses)
    {
        services.AddSingleton<ClientRegistrations>().AddSingleton<EntraClaims>();
        services.AddSingleton<AuthorizationEvents>().AddSingleton<TokenRequestEvents>().AddSingleton<TokenShapeEvents>().AddSingleton<DiscoveryEvents>();
        services.AddAuthentication();
        services.AddOpenIddict().AddServer(server =>
        {
            var tenant = FenwickCompany.TenantId;
            server.SetIssuer(addresses.Authority)
                .SetConfigurationEndpointUris($"/{tenant}/v2.0/.well-known/openid-configuration")
                .SetJsonWebKeySetEndpointUris($"/{tenant}/discovery/v2.0/keys")
                .SetTokenEndpointUris($"/{tenant}/oauth2/v2.0/token")
                // What a browser sees is plain http on this machine: there is no certificate to warn about.
                .SetAuthorizationEndpointUris($"http://localhost:{addresses.HttpPort}/{tenant}/oauth2/v2.0/authorize")
                .SetEndSessionEndpointUris($"http://localhost:{addresses.HttpPort}/{tenant}/oauth2/v2.0/logout");
            // Entra asks no proof key of an application that has a secret, and all of these have one; a challenge that was sent binds the code.
            server.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().AllowClientCredentialsFlow();
            server.AddSigningKey(keys.Signing).AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32))).DisableAccessTokenEncryption();
            server.SetAccessTokenLifetime(AccessTokenLifetime).SetIdentityTokenLifetime(AccessTokenLifetime).SetRefreshTokenLifetime(TimeSpan.FromDays(90));
            server.RegisterScopes("openid", "profile", "email", "offline_access");
            server.EnableDegradedMode().DisableTokenStorage().DisableScopeValidation().DisableResourceValidation();
            server.UseAspNetCore().EnableAuthorizationEndpointPassthrough().EnableEndSessionEndpointPassthrough().DisableTransportSecurityRequirement();

            server.AddEventHandler<ValidateAuthorizationRequestContext>(b => b.UseSingletonHandler<AuthorizationEvents>());
            server.AddEventHandler<ApplyAuthorizationResponseContext>(b => b.UseSingletonHandler<AuthorizationEvents>()
                .SetOrder(OpenIddictServerHandlers.Authentication.AttachIssuer.Descriptor.Order + 500));
            server.AddEventHandler<ExtractEndSessionRequestContext>(b => b.UseSingletonHandler<AuthorizationEvents>().SetOrder(int.MaxValue));
            server.AddEventHandler<ValidateEndSessionRequestContext>(b => b.UseSingletonHandler<AuthorizationEvents>());

            server.AddEventHandler<ExtractTokenRequestContext>(b => b.UseSingletonHandler<TokenRequestEvents>().SetOrder(int.MaxValue));
            // First: who asks stands before what is asked for.
            server.AddEventHandler<ValidateTokenRequestContext>(b => b.UseSingletonHandler<TokenRequestEvents>().SetOrder(int.MinValue + 50_000));
            server.AddEventHandler<HandleTokenRequestContext>(b => b.UseSingletonHandler<TokenRequestEvents>());

            server.AddEventHandler<GenerateTokenContext>(b => b.UseSingletonHandler<TokenShapeEvents>()
                .SetOrder(OpenIddictServerHandlers.Protection.GenerateIdentityModelToken.Descriptor.Order - 500));
            server.AddEventHandler<ApplyTokenResponseContext>(b => b.UseSingletonHandler<TokenShapeEvents>().SetOrder(int.MinValue + 200_000));
            server.AddEventHandler<HandleConfigurationRequestContext>(b => b.UseSingletonHandler<DiscoveryEvents>());
        });
    }
}
