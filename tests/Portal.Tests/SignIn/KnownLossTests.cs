using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.SignIn;

namespace Portal.Tests.SignIn;

/// <summary>What the directory said before it went silent takes away what the token would still give; what it never said takes nothing.</summary>
public sealed class KnownLossTests : IAsyncDisposable
{
    private PortalWorld _world = null!;
    private ServiceProvider _services = null!;
    private ClaimsPrincipal _priya = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private CurrentActor Page => _services.GetRequiredService<CurrentActor>();

    private StandingCheck Check => _services.GetRequiredService<StandingCheck>();

    [Fact]
    public async Task A_role_that_is_known_to_be_lost_stays_lost_when_the_directory_goes_silent()
    {
        await OpenAsync();
        _world.Directory.TakeRoles(Company.Priya);
        Assert.False((await Page.GetReaderAsync(Ct)).Has(PortalRole.Approver));

        _world.Clock.Advance(TimeSpan.FromSeconds(25));
        FallSilent();
        Assert.False(await Check.StillStandsAsync(_priya, Ct));
        _world.Clock.Advance(TimeSpan.FromSeconds(35));
        var reader = await Page.GetReaderAsync(Ct);
        Assert.Equal((false, false), (reader.Has(PortalRole.Approver), reader.Confirmed));
        var commands = await Page.GetAsync(Ct);
        Assert.Equal((false, false), (commands.Has(PortalRole.Approver), commands.Confirmed));
    }

    [Fact]
    public async Task An_account_that_is_known_to_be_disabled_does_nothing_when_the_directory_goes_silent()
    {
        await OpenAsync();
        _world.Directory.Disable(Company.Priya);
        Assert.False((await Page.GetAsync(Ct)).Enabled);

        FallSilent();
        _world.Clock.Advance(TimeSpan.FromHours(2));
        Assert.False(await Check.StillStandsAsync(_priya, Ct));
        Assert.Equal(RefusalCode.SignedOut, (await Page.GetReaderAsync(Ct)).IsNobody()?.Code);
        Assert.Equal(RefusalCode.SignedOut, (await Page.GetAsync(Ct)).IsNobody()?.Code);
    }

    [Fact]
    public async Task A_sign_in_that_began_after_the_directory_spoke_is_judged_by_its_token()
    {
        await OpenAsync();
        _world.Directory.TakeRoles(Company.Priya);
        await Page.GetReaderAsync(Ct);
        _world.Clock.Advance(TimeSpan.FromMinutes(1));
        FallSilent();
        // Entra ID gave this token after that: the role came back.
        Begin();
        Assert.True(await Check.StillStandsAsync(_priya, Ct));
        Assert.True((await Page.GetReaderAsync(Ct)).Has(PortalRole.Approver));
        Assert.True((await Page.GetAsync(Ct)).Has(PortalRole.Approver));
    }

    [Fact]
    public async Task An_answer_from_before_the_sign_in_does_not_end_it()
    {
        await OpenAsync();
        _world.Directory.TakeRoles(Company.Priya);
        Assert.False(await Check.StillStandsAsync(_priya, Ct));
        _world.Clock.Advance(TimeSpan.FromSeconds(5));
        _world.Directory.Add(Company.Priya);
        // Signed in on another instance, which keeps its answer to itself.
        Begin();
        Assert.True(await Check.StillStandsAsync(_priya, Ct));
    }

    [Fact]
    public async Task Who_lost_nothing_goes_on_by_their_token_when_the_directory_goes_silent()
    {
        await OpenAsync();
        Assert.True((await Page.GetAsync(Ct)).Confirmed);
        FallSilent();
        _world.Clock.Advance(TimeSpan.FromHours(2));
        Assert.True(await Check.StillStandsAsync(_priya, Ct));
        var actor = await Page.GetAsync(Ct);
        Assert.Equal((true, false), (actor.Has(PortalRole.Approver), actor.Confirmed));
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _world.DisposeAsync();
    }

    private async Task OpenAsync()
    {
        _world = await PortalWorld.OpenAsync(empty: true);
        _priya = new ClaimsPrincipal(new ClaimsIdentity(
            [
                new("tid", Company.Tenant.ToString()),
                new("oid", Company.Priya.ObjectId.ToString()),
                new("name", Company.Priya.Name),
                .. Company.Priya.Roles.Select(role => new Claim("roles", role.ToString())),
            ],
            "test", "name", "roles"));
        _services = new ServiceCollection().AddLogging().AddMemoryCache().AddSingleton<IDirectory>(_world.Directory).AddSingleton<TimeProvider>(_world.Clock)
            .AddSingleton(_world.Get<IDbContextFactory<PortalDb>>()).AddSingleton<RecentStandings>().AddSingleton<OpenSignIns>().AddSingleton<StandingCheck>()
            .AddSingleton<AuthenticationStateProvider>(new SignedIn(_priya)).AddSingleton<ClientOfCircuit>().AddSingleton<IdentifyActor>().AddSingleton<CurrentActor>().BuildServiceProvider();
        Begin();
    }

    private void Begin() => _services.GetRequiredService<OpenSignIns>().Begin(_priya);

    private void FallSilent() => _world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);

    private sealed class SignedIn(ClaimsPrincipal person) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(person));
    }
}
