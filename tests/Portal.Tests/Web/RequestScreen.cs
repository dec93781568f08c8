using System.Security.Claims;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using Portal.Core.Grants;
using Portal.Tests.World;
using Portal.Web.Layout;
using Portal.Web.SignIn;

namespace Portal.Tests.Web;

/// <summary>A screen that a person of the company looks at, over a real database and the company's cloud in memory.</summary>
public abstract class RequestScreen : BunitContext
{
    /// <summary>Opens the world and signs a person in to it.</summary>
    protected async Task<PortalWorld> SeenByAsync(TestPerson reader)
    {
        var world = await PortalWorld.OpenAsync();
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddLogging();
        Services.AddLocalization();
        Services.AddMudServices();
        Services.AddLayout();
        Services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        Services.AddSingleton<IDelegatedTokens>(new NoTokens());
        world.AddTo(Services);
        Services.AddScoped<LiveChanges>();
        Services.AddMemoryCache().AddSingleton<RecentStandings>().AddSingleton<OpenSignIns>().AddScoped<CurrentActor>();
        Services.AddSingleton<AuthenticationStateProvider>(services => new SignedIn(reader, services.GetRequiredService<OpenSignIns>()));
        // Resolves services, so it comes last.
        SetRendererInfo(new RendererInfo("Server", true));
        return world;
    }

    private sealed class SignedIn : AuthenticationStateProvider
    {
        private readonly ClaimsPrincipal _person;

        public SignedIn(TestPerson person, OpenSignIns signIns)
        {
            _person = new ClaimsPrincipal(new ClaimsIdentity(
                [
                    new("tid", Company.Tenant.ToString()),
                    new("oid", person.ObjectId.ToString()),
                    new("name", person.Name),
                    new("preferred_username", person.Upn),
                    .. person.Roles.Select(role => new Claim("roles", role.ToString())),
                ],
                "test", "preferred_username", "roles"));
            signIns.Begin(_person);
        }

        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(_person));
    }
}
