using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Core;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.SignIn;

namespace Portal.Tests.SignIn;

/// <summary>What the directory said a moment ago serves all who look; what it did not say is not asked for again and again.</summary>
public sealed class RecentStandingsTests : IAsyncDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new(PortalWorld.Start);
    private readonly SlowDirectory _directory = new();
    private readonly ServiceProvider _services;

    public RecentStandingsTests() => _services = new ServiceCollection().AddLogging().AddMemoryCache()
        .AddSingleton<TimeProvider>(_clock).AddSingleton<IDirectory>(_directory).AddSingleton<RecentStandings>().BuildServiceProvider();

    private RecentStandings Recent => _services.GetRequiredService<RecentStandings>();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_want_to_know_at_once_ask_once_and_one_who_leaves_takes_the_answer_from_nobody()
    {
        using var leaves = new CancellationTokenSource();
        var first = Recent.OfAsync(Company.Priya.Id, Second, leaves.Token);
        var second = Recent.OfAsync(Company.Priya.Id, Second, Ct);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _directory.Answer(Standing.None);
        Assert.Equal(Standing.None, await second);
        Assert.Equal(1, _directory.Asked);
    }

    [Fact]
    public async Task An_answer_serves_those_to_whom_it_is_new_enough()
    {
        _directory.Answer(Standing.None);
        await Recent.OfAsync(Company.Priya.Id, Second, Ct);
        _clock.Advance(2 * Second);
        await Recent.OfAsync(Company.Priya.Id, 2 * Second, Ct);
        Assert.Equal(1, _directory.Asked);
        await Recent.OfAsync(Company.Priya.Id, Second, Ct);
        await Recent.OfAsync(Company.Mira.Id, Second, Ct);
        Assert.Equal(3, _directory.Asked);
    }

    [Fact]
    public async Task A_directory_that_did_not_answer_is_left_alone_for_a_while_and_what_it_said_before_still_serves()
    {
        _directory.Answer(Standing.None);
        await Recent.OfAsync(Company.Priya.Id, Second, Ct);
        _clock.Advance(2 * Second);
        _directory.Fail();
        Assert.Null(await Recent.OfAsync(Company.Priya.Id, Second, Ct));
        Assert.Null(await Recent.OfAsync(Company.Priya.Id, Second, Ct));
        Assert.Equal(2, _directory.Asked);
        Assert.Equal(Standing.None, await Recent.OfAsync(Company.Priya.Id, 3 * Second, Ct));

        _directory.Answer(Standing.None);
        _clock.Advance(RecentStandings.SilenceHolds);
        Assert.Equal(Standing.None, await Recent.OfAsync(Company.Priya.Id, Second, Ct));
        Assert.Equal(3, _directory.Asked);
    }

    [Fact]
    public async Task A_command_asks_whatever_is_known_and_what_it_is_told_serves_the_others()
    {
        _directory.Answer(Standing.None);
        await Recent.OfAsync(Company.Priya.Id, Second, Ct);
        var now = new Standing(true, new HashSet<PortalRole> { PortalRole.Approver }, new HashSet<Guid>());
        _directory.Answer(now);
        var person = new SignedInPerson(Company.Priya.Id, "Priya", null, new HashSet<PortalRole>(), new HashSet<Guid>(), new ClientInfo(null, null), null);
        Assert.True((await Recent.AskAnewAsync(new IdentifyActor(_directory), person, Ct)).Has(PortalRole.Approver));
        Assert.True((await Recent.OfAsync(Company.Priya.Id, Second, Ct))!.Enabled);
        Assert.Equal(2, _directory.Asked);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    /// <summary>Answers when it is told what.</summary>
    private sealed class SlowDirectory : IDirectory
    {
        private TaskCompletionSource<Standing> _answer = new();

        public int Asked { get; private set; }

        public void Answer(Standing standing)
        {
            if (!_answer.TrySetResult(standing))
                (_answer = new()).SetResult(standing);
        }

        public void Fail() => (_answer = new()).SetException(new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true));

        public Task<Standing> StandingOfAsync(PrincipalId person, CancellationToken ct)
        {
            Asked++;
            return _answer.Task;
        }

        public Task<DirectoryPrincipal?> FindAsync(PrincipalId principal, CancellationToken ct) => Task.FromResult<DirectoryPrincipal?>(null);
    }
}
