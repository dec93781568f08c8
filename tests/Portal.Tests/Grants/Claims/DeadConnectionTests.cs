using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Pacing;
using Portal.Migrations.PostgreSql;
using Portal.Tests.Audit.PostgreSql;
using Portal.Tests.World;
using Portal.Web.Workers;

namespace Portal.Tests.Grants.Claims;

/// <summary>Connections that have died without a word, as behind a firewall that forgot them: whoever uses one waits for as long as the database's client does. The worker does not.</summary>
public sealed class DeadConnectionTests
{
    // The client waits thirty seconds for an answer and fifteen for a connection.
    private static readonly TimeSpan SoonerThanTheClient = TimeSpan.FromSeconds(12);

    private static readonly GrantPace Pace = new() { LookLimit = TimeSpan.FromMilliseconds(500), Lease = TimeSpan.FromSeconds(6) };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_look_that_hangs_in_one_is_made_again_by_another_connection()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await using var line = await Line.ToAsync(world);
        var promised = await world.PromiseAsync();
        using var worker = line.Worker(world);
        // All that lie idle in the pool, so that not even the next one helps.
        await line.FillPoolAsync(8);
        line.Relay.GoDead();

        var called = NewSignal();
        world.Cloud.FailBefore = _ => called.TrySetResult() ? null : null;
        await worker.StartAsync(Ct);
        await called.Task.WaitAsync(SoonerThanTheClient, Ct);
        await worker.StopAsync(Ct);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Single(world.Cloud.Standing);
    }

    [Fact]
    public async Task A_save_that_hangs_in_one_is_made_again_by_another_and_holds_up_no_other_turn()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await using var line = await Line.ToAsync(world);
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, minutes: 30));
        await world.WorkAsync();
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        await using var portal = line.Portal(world);
        var (dead, ended, deletes) = (0, NewSignal(), 0);
        portal.GetRequiredService<DriveSteps>().Reached += reached =>
        {
            if (reached.Step == DriveStep.Claimed && Interlocked.Exchange(ref dead, 1) == 0)
                line.Relay.GoDead();
        };
        world.Cloud.FailBefore = call =>
        {
            if (call.Verb == CloudVerb.Delete && Interlocked.Increment(ref deletes) == 2)
                ended.TrySetResult();
            return null;
        };
        using var worker = line.Worker(world, drive: portal.GetRequiredService<DriveAssignment>());
        await line.FillPoolAsync(8);
        await worker.StartAsync(Ct);
        await ended.Task.WaitAsync(SoonerThanTheClient, Ct);
        await worker.StopAsync(Ct);
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(2, (await world.CodesAsync()).Count(code => code == "grant.revoking"));
        Assert.Equal(2, (await world.CodesAsync()).Count(code => code == "grant.ended"));
    }

    [Fact]
    public async Task A_database_that_is_only_slow_is_waited_for()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await using var line = await Line.ToAsync(world);
        await world.PromiseAsync();
        // Longer than a look may last at first.
        line.Relay.Delay = Pace.LookLimit / 2;
        using var worker = line.Worker(world);
        var called = NewSignal();
        world.Cloud.FailBefore = _ => called.TrySetResult() ? null : null;
        await worker.StartAsync(Ct);
        await called.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct);
        await worker.StopAsync(Ct);
    }

    [Fact]
    public async Task A_claim_that_cannot_be_renewed_by_one_is_given_up_before_its_lease_is_over()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await using var line = await Line.ToAsync(world);
        await world.PromiseAsync();
        var (called, answered, lost) = (NewSignal(), NewSignal(), NewSignal());
        world.Acting.Line.Going = () =>
        {
            called.TrySetResult();
            return answered.Task;
        };
        using var worker = line.Worker(world, new Listener(said =>
        {
            if (said.StartsWith("The claim on assignment", StringComparison.Ordinal))
                lost.TrySetResult();
        }));
        await worker.StartAsync(Ct);
        await called.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct);
        line.Relay.GoDeadForGood();

        await lost.Task.WaitAsync(SoonerThanTheClient, Ct);
        answered.SetResult();
        await worker.StopAsync(Ct);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Listener(Action<string> heard) : ILogger<GrantWorker>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => heard(formatter(state, exception));
    }

    /// <summary>The portal's line to its database, as far as it looks for work; what it saves goes another way, unless it is a <see cref="Portal"/>.</summary>
    private sealed class Line(CuttingRelay relay, string connectionString) : IAsyncDisposable, IDbContextFactory<PortalDb>
    {
        private readonly DbContextOptions<PortalDb> _options = OptionsOf(connectionString);

        public CuttingRelay Relay => relay;

        public static async Task<Line> ToAsync(PortalWorld world)
        {
            var server = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
            var relay = new CuttingRelay(server.Host!, server.Port);
            (server.Host, server.Port, server.Timeout) = ("127.0.0.1", relay.Port, 15);
            var line = new Line(relay, server.ConnectionString);
            await line.FillPoolAsync(1);
            return line;
        }

        public PortalDb CreateDbContext() => new(_options);

        public async Task FillPoolAsync(int connections)
        {
            var open = new List<PortalDb>();
            for (var i = 0; i < connections; i++)
            {
                open.Add(CreateDbContext());
                await open[^1].Database.OpenConnectionAsync(Ct);
            }

            foreach (var db in open)
                await db.DisposeAsync();
        }

        /// <summary>A portal that has no other way to its database than this one.</summary>
        public ServiceProvider Portal(PortalWorld world)
        {
            var services = new ServiceCollection();
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None)).AddSingleton(Pace);
            world.AddTo(services);
            return services.AddSingleton(TimeProvider.System).AddSingleton<IDbContextFactory<PortalDb>>(this).BuildServiceProvider();
        }

        public GrantWorker Worker(PortalWorld world, ILogger<GrantWorker>? logger = null, DriveAssignment? drive = null)
        {
            var clock = world.Get<ClockWatch>();
            var underWay = new WorkUnderWay();
            var look = new ClaimDueAssignments(this, world.Get<IDueWork>(), world.DatabaseClock, clock, new CallPacing(TimeProvider.System), underWay, new LeftToOthers(), new UntoldCalls(this), new StepBack(clock, Pace), Pace);
            return new GrantWorker(look, drive ?? world.Get<DriveAssignment>(), underWay, Pace, world.Get<ChangeFeed>(), TimeProvider.System, logger ?? NullLogger<GrantWorker>.Instance);
        }

        public async ValueTask DisposeAsync()
        {
            await relay.DisposeAsync();
            await using var connection = new NpgsqlConnection(connectionString);
            NpgsqlConnection.ClearPool(connection);
        }

        private static DbContextOptions<PortalDb> OptionsOf(string connectionString)
        {
            var options = new DbContextOptionsBuilder<PortalDb>();
            options.UsePortalPostgreSql(connectionString);
            return options.Options;
        }
    }
}
