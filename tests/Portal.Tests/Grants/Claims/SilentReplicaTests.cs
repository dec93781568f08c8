using System.Diagnostics;
using Npgsql;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Claims;

/// <summary>A synchronous replica that stands still: a commit that is cancelled while it waits for it ends as if it had gone through, and a failover takes it away.</summary>
/// <remarks>Explicit, on a server of its own: the setting is the whole server's, and every other test on it would wait. <see cref="UnansweredSavesTests"/> says the same by commits whose answers are withheld.</remarks>
public sealed class SilentReplicaTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Nothing_is_called_for_while_it_does()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var grant = await world.PromiseAsync();
        var claim = Assert.Single(await world.ClaimAsync());
        await using var admin = new NpgsqlConnection(world.Database.ConnectionString);
        await admin.OpenAsync(Ct);
        await RunAsync(admin, "SET synchronous_commit = local");
        try
        {
            await RunAsync(admin, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
            await RunAsync(admin, "SELECT pg_reload_conf()");
            await UntilCommitsWaitAsync(world.Database.ConnectionString);
            var driving = Task.Run(() => world.DriveAsync(claim), Ct);
            for (var seconds = 0; seconds < 120; seconds++)
            {
                await Task.WhenAny(driving, Task.Delay(100, Ct));
                world.Clock.Advance(TimeSpan.FromSeconds(1));
                Assert.Empty(world.Cloud.Calls);
                Assert.False(driving.IsCompleted);
            }

            await RunAsync(admin, "ALTER SYSTEM RESET synchronous_standby_names");
            await RunAsync(admin, "SELECT pg_reload_conf()");
            while (!driving.IsCompleted)
            {
                await Task.WhenAny(driving, Task.Delay(100, Ct));
                world.Clock.Advance(TimeSpan.FromSeconds(1));
            }

            Assert.True(await driving);
        }
        finally
        {
            await RunAsync(admin, "ALTER SYSTEM RESET synchronous_standby_names");
            await RunAsync(admin, "SELECT pg_reload_conf()");
        }

        Assert.Single(world.Cloud.Calls);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.Null((await world.AssignmentAsync(grant.AssignmentId)).LostCallAt);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.provisioning");
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.activated");
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    // The server takes the setting over in its own time.
    private static async Task UntilCommitsWaitAsync(string connectionString)
    {
        var waited = TimeSpan.Zero;
        while (waited < TimeSpan.FromMilliseconds(400))
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(Ct);
            await using var command = new NpgsqlCommand("SELECT pg_logical_emit_message(true, 'test', 'test')", connection);
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            enough.CancelAfter(TimeSpan.FromMilliseconds(500));
            var asked = Stopwatch.GetTimestamp();
            await ((Task)command.ExecuteNonQueryAsync(enough.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            waited = Stopwatch.GetElapsedTime(asked);
        }
    }
}
