using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Portal.Core.Data;
using Portal.Sandbox.Company;
using Portal.Tests.World;
using Portal.Web.Workers;

namespace Portal.Tests.Web.Hosting;

/// <summary>What one instance changes, the others hear of.</summary>
[Collection(HostedPortal.Name)]
public sealed class ChangeRelayTests
{
    private static readonly PortalChange Some = new(ChangeKind.Grant, Guid.NewGuid(), Guid.NewGuid());

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_one_instance_saves_the_other_hears_within_a_second_and_nobody_hears_twice()
    {
        await using var database = await PortalDatabase.CreateAsync(DatabaseKind.PostgreSql);
        await using var one = await Instance.StartAsync(database.ConnectionString);
        await using var other = await Instance.StartAsync(database.ConnectionString);
        foreach (var change in new[] { Some, new PortalChange(ChangeKind.Pause), new PortalChange(ChangeKind.Request, Guid.NewGuid()) })
        {
            var sent = Stopwatch.StartNew();
            one.Feed.Publish(change);
            await other.HearsAsync(change);
            Assert.InRange(sent.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        }

        // The other way round is the end of the conversation: had a hint come back, it would stand before this one.
        other.Feed.Publish(Some with { Kind = ChangeKind.Catalog });
        await one.HearsAsync(Some with { Kind = ChangeKind.Catalog });
        Assert.Equal((4, 4), (one.Heard.Count, other.Heard.Count));
    }

    [Fact]
    public async Task A_burst_arrives_whole()
    {
        await using var database = await PortalDatabase.CreateAsync(DatabaseKind.PostgreSql);
        await using var one = await Instance.StartAsync(database.ConnectionString);
        await using var other = await Instance.StartAsync(database.ConnectionString);
        var burst = Enumerable.Range(0, 3_000).Select(_ => new PortalChange(ChangeKind.Grant, Guid.NewGuid(), Guid.NewGuid())).ToList();
        foreach (var change in burst)
            one.Feed.Publish(change);
        await other.HearsAsync(burst[^1]);
        Assert.Equal(burst.ToHashSet(), other.Heard.ToHashSet());
    }

    [Fact]
    public async Task A_connection_that_is_cut_comes_back_and_everything_is_looked_at_again()
    {
        await using var database = await PortalDatabase.CreateAsync(DatabaseKind.PostgreSql);
        await using var one = await Instance.StartAsync(database.ConnectionString);
        await using var other = await Instance.StartAsync(database.ConnectionString);
        await using (var connection = new NpgsqlConnection(database.ConnectionString))
        {
            await connection.OpenAsync(Ct);
            await using var cut = new NpgsqlCommand("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'portal change relay'", connection);
            Assert.Equal(2L, await cut.ExecuteScalarAsync(Ct));
        }

        foreach (var kind in Enum.GetValues<ChangeKind>())
            await other.HearsAsync(new PortalChange(kind));
        await one.HearsAsync(new PortalChange(ChangeKind.Pause));
        one.Feed.Publish(Some);
        await other.HearsAsync(Some);
    }

    [Fact]
    public async Task An_instance_that_does_not_hear_what_is_told_says_so_and_a_direct_connection_mends_it()
    {
        await using var database = await PortalDatabase.CreateAsync(DatabaseKind.PostgreSql);
        // Another database stands for a pooler's connection: LISTEN succeeds, and nothing is ever heard there.
        await using var elsewhere = await PortalDatabase.CreateAsync(DatabaseKind.PostgreSql);
        var clock = new TimerClock();
        await using (var deaf = new Instance(database.ConnectionString, direct: elsewhere.ConnectionString, clock: clock))
        {
            await deaf.Relay.StartAsync(Ct);
            await clock.Waits.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct);
            Assert.False(deaf.Relay.Heard.Task.IsCompleted);
            clock.Advance(ChangeRelay.EchoWithin);
            Assert.False(await deaf.Relay.Heard.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct));
        }

        await using var mended = new Instance(database.ConnectionString, direct: database.ConnectionString, clock: new TimerClock());
        await mended.Relay.StartAsync(Ct);
        Assert.True(await mended.Relay.Heard.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task With_SQLite_there_is_nobody_to_tell()
    {
        await using var alone = new Instance("Data Source=none", "Sqlite");
        await alone.Relay.StartAsync(Ct);
        await alone.Relay.ExecuteTask!.WaitAsync(TimeSpan.FromMinutes(1), Ct);
        Assert.False(alone.Relay.Listening.Task.IsCompleted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("00000000-0000-0000-0000-000000000001 Grant - ")]
    [InlineData("00000000-0000-0000-0000-000000000001 99 - -")]
    [InlineData("00000000-0000-0000-0000-000000000001 Unheard - -")]
    public void What_is_no_letter_of_ours_is_not_heard(string text) => Assert.Null(ChangeLetter.Read(text));

    [Fact]
    public async Task What_is_asked_at_one_portal_is_heard_at_the_other()
    {
        Assert.SkipWhen(PortalDatabase.WhyUnavailable(DatabaseKind.PostgreSql) is not null, PortalDatabase.WhyUnavailable(DatabaseKind.PostgreSql) ?? "");
        await using var one = await PortalHost.StartAsync(new HostSetup { Database = DatabaseKind.PostgreSql });
        await using var other = await PortalHost.StartAsync(new HostSetup { Database = DatabaseKind.PostgreSql, Settings = new Dictionary<string, string?> { ["ConnectionStrings:Portal"] = one.ConnectionString } });
        await one.CatalogAsync();
        foreach (var host in new[] { one, other })
            await host.Services.GetRequiredService<ChangeRelay>().Listening.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct);

        var heard = new TaskCompletionSource<PortalChange>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = other.Services.GetRequiredService<ChangeFeed>().Subscribe(change =>
        {
            if (change.Kind == ChangeKind.Request)
                heard.TrySetResult(change);
        });
        var asked = await one.AskAsync(FenwickCompany.Mira, "kv-payments-prod", "stripe-restricted-key", TimeSpan.FromMinutes(30));
        var change = await heard.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct);
        Assert.Equal((asked.Value.RequestId, (Guid?)FenwickCompany.Mira), (change.RequestId!.Value, change.PrincipalId));
    }

    /// <summary>Says when somebody waits for it.</summary>
    private sealed class TimerClock : FakeTimeProvider
    {
        public TaskCompletionSource Waits { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Waits.TrySetResult();
            return timer;
        }
    }

    /// <summary>As much of an instance as hears and tells.</summary>
    private sealed class Instance : IAsyncDisposable
    {
        private readonly IDisposable _subscription;
        private readonly ConcurrentQueue<PortalChange> _heard = new();
        private readonly SemaphoreSlim _news = new(0);

        public Instance(string connectionString, string provider = "PostgreSql", string? direct = null, TimeProvider? clock = null)
        {
            var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Database:Provider"] = provider, ["ConnectionStrings:Portal"] = connectionString, ["ConnectionStrings:PortalDirect"] = direct }).Build();
            Relay = new ChangeRelay(Feed, configuration, clock ?? TimeProvider.System, NullLogger<ChangeRelay>.Instance);
            _subscription = Feed.Subscribe(change =>
            {
                _heard.Enqueue(change);
                _news.Release();
            });
        }

        public ChangeFeed Feed { get; } = new();

        public ChangeRelay Relay { get; }

        public IReadOnlyCollection<PortalChange> Heard => _heard;

        public static async Task<Instance> StartAsync(string connectionString)
        {
            var instance = new Instance(connectionString);
            await instance.Relay.StartAsync(Ct);
            await instance.Relay.Listening.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct);
            return instance;
        }

        public async Task HearsAsync(PortalChange change)
        {
            while (!_heard.Contains(change))
                Assert.True(await _news.WaitAsync(TimeSpan.FromSeconds(30), Ct), $"{change} was not heard.");
        }

        public async ValueTask DisposeAsync()
        {
            await Relay.StopAsync(CancellationToken.None);
            Relay.Dispose();
            _subscription.Dispose();
            _news.Dispose();
        }
    }
}
