using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.SignIn;

namespace Portal.Tests.SignIn;

/// <summary>A sign-in ends by signing out and after eight hours, with every page that is open in it, on whatever instance.</summary>
public sealed class OpenSignInsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task One_that_was_ended_is_over_on_every_instance_and_another_of_the_same_person_is_not(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var (ended, other) = (Begun(world), Begun(world));
        Assert.False(await On(world).HasEndedAsync(ended, Ct));
        await EndAsync(world, ended);
        // Sent twice, it is one sign-out.
        await EndAsync(world, ended);
        Assert.True(await On(world).HasEndedAsync(ended, Ct));
        Assert.False(await On(world).HasEndedAsync(other, Ct));
        Assert.Equal(["identity.signed_out"], await world.CodesAsync());
    }

    [Fact]
    public async Task Eight_hours_are_the_end_of_it_and_one_that_was_never_marked_is_none()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var begun = Begun(world);
        var here = On(world);
        world.Clock.Advance(OpenSignIns.Longest - TimeSpan.FromSeconds(1));
        Assert.False(await here.HasEndedAsync(begun, Ct));
        Assert.False(here.HasEnded(begun));
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await here.HasEndedAsync(begun, Ct));
        Assert.True(here.HasEnded(begun));
        Assert.True(await here.HasEndedAsync(Person(), Ct));
    }

    [Fact]
    public async Task A_database_that_cannot_be_asked_signs_nobody_out_and_what_ended_here_stays_ended()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var (open, ended) = (Begun(world), Begun(world));
        var here = On(world);
        here.End(OpenSignIns.Of(ended)!);
        world.DatabaseFaults.Break = _ => new IOException("unable to open database file");
        Assert.False(await here.HasEndedAsync(open, Ct));
        Assert.True(await here.HasEndedAsync(ended, Ct));
    }

    [Theory, BothDatabases]
    public async Task One_that_went_on_and_was_ended_with_its_older_cookie_stays_ended_until_the_newer_has_run_out(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var (older, newer) = (Begun(world), Person());
        world.Clock.Advance(TimeSpan.FromHours(7));
        On(world).Begin(newer, OpenSignIns.Of(older));
        Assert.Equal(OpenSignIns.Of(older)!.Id, OpenSignIns.Of(newer)!.Id);
        var here = On(world);
        await world.Get<EndSignIn>().ExecuteAsync(here.End(OpenSignIns.Of(older)!), await world.IdentifyAsync(Company.Priya), Ct);
        world.Clock.Advance(TimeSpan.FromHours(2));
        // Whoever signs out takes away what says nothing any more, here and in the database.
        here.End(OpenSignIns.Of(Begun(world))!);
        await EndAsync(world, Begun(world));
        Assert.True(here.HasEnded(newer));
        Assert.True(await On(world).HasEndedAsync(newer, Ct));
    }

    [Fact]
    public async Task A_database_that_hangs_is_asked_once_by_all_who_want_to_know_and_then_left_alone_for_a_moment()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var begun = Begun(world);
        var hangs = new HangingDatabase();
        var here = new OpenSignIns(hangs, new MemoryCache(new MemoryCacheOptions()), world.Clock, NullLogger<OpenSignIns>.Instance);
        using var leaves = new CancellationTokenSource();
        var first = here.HasEndedAsync(begun, leaves.Token);
        var others = Enumerable.Range(0, 20).Select(_ => here.HasEndedAsync(begun, Ct)).ToList();
        Assert.Equal(1, hangs.Asked);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        hangs.Fail();
        Assert.All(await Task.WhenAll(others), Assert.False);
        Assert.False(await here.HasEndedAsync(begun, Ct));
        Assert.Equal(1, hangs.Asked);
    }

    [Theory, BothDatabases]
    public async Task What_would_have_run_out_is_taken_away_by_whoever_signs_out_next(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await EndAsync(world, Begun(world));
        world.Clock.Advance(TimeSpan.FromHours(7));
        var second = Begun(world);
        await EndAsync(world, second);
        world.Clock.Advance(TimeSpan.FromHours(2));
        var third = Begun(world);
        await EndAsync(world, third);
        Assert.Equal(new[] { OpenSignIns.Of(second)!.Id, OpenSignIns.Of(third)!.Id }.Order(), (await world.ReadAsync(db => db.EndedSignIns.Select(e => e.Id).ToListAsync(Ct))).Order());
    }

    [Fact]
    public async Task A_page_that_is_open_in_an_ended_sign_in_commands_nothing_and_is_signed_out_when_it_is_looked_at()
    {
        await using var world = await PortalWorld.OpenAsync();
        var begun = Begun(world);
        await using var services = Pages(world, begun);
        var (page, check) = (services.GetRequiredService<CurrentActor>(), services.GetRequiredService<StandingCheck>());
        Assert.True((await page.GetAsync(Ct)).Has(PortalRole.Approver));
        Assert.True(await check.StillStandsAsync(begun, Ct));

        services.GetRequiredService<OpenSignIns>().End(OpenSignIns.Of(begun)!);
        Assert.Equal(RefusalCode.SignedOut, (await page.GetAsync(Ct)).LacksAllOf(PortalRole.Approver)?.Code);
        Assert.Equal(RefusalCode.SignedOut, (await page.GetReaderAsync(Ct)).LacksAllOf(PortalRole.Approver)?.Code);
        Assert.False(await check.StillStandsAsync(begun, Ct));
    }

    [Fact]
    public async Task A_page_whose_sign_in_ran_out_has_a_moment_to_be_loaded_anew_and_does_not_say_that_somebody_signed_out()
    {
        await using var world = await PortalWorld.OpenAsync();
        var begun = Begun(world);
        await using var services = Pages(world, begun);
        var state = services.GetRequiredService<StandingAuthenticationStateProvider>();
        world.Clock.Advance(OpenSignIns.Longest);
        Assert.True(await state.MayStayAsync(begun, Ct));
        // A hidden tab looks at the clock once a minute.
        world.Clock.Advance(TimeSpan.FromSeconds(75));
        Assert.True(await state.MayStayAsync(begun, Ct));
        world.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.False(await state.MayStayAsync(begun, Ct));
        Assert.Equal((true, false), (state.RanOut, state.SignInEnded));
    }

    [Fact]
    public async Task A_page_whose_sign_in_somebody_ended_leaves_at_once_also_when_it_has_run_out_since()
    {
        await using var world = await PortalWorld.OpenAsync();
        var begun = Begun(world);
        await using var services = Pages(world, begun);
        var state = services.GetRequiredService<StandingAuthenticationStateProvider>();
        services.GetRequiredService<OpenSignIns>().End(OpenSignIns.Of(begun)!);
        Assert.False(await state.MayStayAsync(begun, Ct));
        Assert.Equal((false, true), (state.RanOut, state.SignInEnded));
        world.Clock.Advance(OpenSignIns.Longest);
        Assert.False(await state.MayStayAsync(begun, Ct));
        Assert.Equal((false, true), (state.RanOut, state.SignInEnded));
    }

    [Fact]
    public async Task A_sign_out_that_hangs_in_a_dead_connection_keeps_nobody_waiting_and_is_saved_by_the_next()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var begun = Begun(world);
        var dead = new DeadAtFirst(world.Get<IDbContextFactory<PortalDb>>());
        using var outs = new SignOuts(new EndSignIn(dead, world.Get<ClockWatch>()), world.Clock, NullLogger<SignOuts>.Instance);
        var saving = outs.SaveAsync(On(world).End(OpenSignIns.Of(begun)!), await world.IdentifyAsync(Company.Priya));
        Assert.False(saving.IsCompleted);
        world.Clock.Advance(SignOuts.Patience);
        await saving.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.False(await On(world).HasEndedAsync(begun, Ct));

        await outs.TryAgainAsync(Ct);
        Assert.True(await On(world).HasEndedAsync(begun, Ct));
        Assert.Equal(["identity.signed_out"], await world.CodesAsync());
    }

    [Theory, BothDatabases]
    public async Task A_sign_out_that_the_database_does_not_take_is_saved_once_it_does_and_until_it_would_have_run_out(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var (first, second) = (Begun(world), Begun(world));
        using var outs = new SignOuts(world.Get<EndSignIn>(), world.Clock, NullLogger<SignOuts>.Instance);
        var priya = await world.IdentifyAsync(Company.Priya);
        world.DatabaseFaults.RefuseWrites();
        foreach (var begun in (ClaimsPrincipal[])[first, second])
            await outs.SaveAsync(On(world).End(OpenSignIns.Of(begun)!), priya);
        Assert.Equal(SignOuts.TryEvery, await outs.TryAgainAsync(Ct));
        Assert.False(await On(world).HasEndedAsync(first, Ct));

        world.DatabaseFaults.Break = null;
        await outs.TryAgainAsync(Ct);
        Assert.True(await On(world).HasEndedAsync(first, Ct));
        Assert.True(await On(world).HasEndedAsync(second, Ct));
        await outs.TryAgainAsync(Ct);
        Assert.Equal(["identity.signed_out", "identity.signed_out"], await world.CodesAsync());
    }

    private static ServiceProvider Pages(PortalWorld world, ClaimsPrincipal reader) =>
        new ServiceCollection().AddLogging().AddMemoryCache().AddSingleton<IDirectory>(world.Directory).AddSingleton<TimeProvider>(world.Clock)
            .AddSingleton(world.Get<IDbContextFactory<PortalDb>>()).AddSingleton<RecentStandings>().AddSingleton<OpenSignIns>().AddSingleton<StandingCheck>().AddSingleton<StandingAuthenticationStateProvider>()
            .AddSingleton<AuthenticationStateProvider>(new SignedIn(reader)).AddSingleton<ClientOfCircuit>().AddSingleton<IdentifyActor>().AddSingleton<CurrentActor>().BuildServiceProvider();

    private static OpenSignIns On(PortalWorld world) =>
        new(world.Get<IDbContextFactory<PortalDb>>(), new MemoryCache(new MemoryCacheOptions()), world.Clock, NullLogger<OpenSignIns>.Instance);

    private static async Task EndAsync(PortalWorld world, ClaimsPrincipal person) =>
        Assert.True((await world.Get<EndSignIn>().ExecuteAsync(OpenSignIns.Of(person)!, await world.IdentifyAsync(Company.Priya), Ct)).Succeeded);

    private static ClaimsPrincipal Begun(PortalWorld world)
    {
        var person = Person();
        On(world).Begin(person);
        return person;
    }

    private static ClaimsPrincipal Person() => new(new ClaimsIdentity(
        [
            new("tid", Company.Tenant.ToString()),
            new("oid", Company.Priya.ObjectId.ToString()),
            new("name", Company.Priya.Name),
            .. Company.Priya.Roles.Select(role => new Claim("roles", role.ToString())),
        ],
        "test", "name", "roles"));

    /// <summary>Opens no connection until it fails.</summary>
    private sealed class HangingDatabase : IDbContextFactory<PortalDb>
    {
        private readonly TaskCompletionSource<PortalDb> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Asked { get; private set; }

        public void Fail() => _opened.SetException(new IOException("the server does not answer"));

        public PortalDb CreateDbContext() => throw new NotSupportedException();

        public Task<PortalDb> CreateDbContextAsync(CancellationToken cancellationToken = default)
        {
            Asked++;
            return _opened.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The first connection is a dead one, in which even giving up is not heard.</summary>
    private sealed class DeadAtFirst(IDbContextFactory<PortalDb> databases) : IDbContextFactory<PortalDb>
    {
        private bool _opened;

        public PortalDb CreateDbContext() => throw new NotSupportedException();

        public Task<PortalDb> CreateDbContextAsync(CancellationToken cancellationToken = default)
        {
            if (_opened)
                return databases.CreateDbContextAsync(cancellationToken);
            _opened = true;
            return new TaskCompletionSource<PortalDb>().Task;
        }
    }

    private sealed class SignedIn(ClaimsPrincipal person) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(person));
    }
}
