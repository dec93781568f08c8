using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Portal.Benchmarks.Actions;

/// <summary>The server behind a benchmark's database: how it is set, how long its commits wait, what its sessions wait for and how much processor it takes.</summary>
/// <param name="connectionString">Leads to the benchmark's own database.</param>
internal sealed class PostgreSqlServer(string connectionString)
{
    private static readonly string[] Told = ["fsync", "synchronous_commit", "wal_sync_method", "full_page_writes", "shared_buffers"];

    /// <summary>Its version and the settings that say how it writes.</summary>
    public async Task<string> SettingsAsync() =>
        await AskAsync<string>($"SELECT current_setting('server_version') || ', ' || string_agg(name || ' ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings WHERE name IN ('{string.Join("', '", Told)}')");

    /// <summary>Why a commit cannot be made to wait; null when it can.</summary>
    public async Task<string?> CannotDelayAsync() =>
        await AskAsync<string>("SELECT current_setting('fsync')") != "on" ? "the server runs with fsync off, so its commits wait for nothing"
        : !await AskAsync<bool>("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") ? "only a superuser may say how long a commit waits"
        : null;

    /// <summary>Has each commit in the benchmark's database wait so long before it is written to the disk, which stands for a disk of that latency. Commits that come meanwhile wait together, as they do for a disk.</summary>
    public async Task DelayCommitsAsync(TimeSpan delay)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString).Database;
        var microseconds = ((int)delay.TotalMicroseconds).ToString(CultureInfo.InvariantCulture);
        // With no commit beside it, too: the setting counts the others that are active.
        await RunAsync(delay > TimeSpan.Zero ? $"ALTER DATABASE \"{database}\" SET commit_delay = {microseconds}; ALTER DATABASE \"{database}\" SET commit_siblings = 0" : $"ALTER DATABASE \"{database}\" RESET ALL");
        // A session keeps what was said when it began.
        NpgsqlConnection.ClearAllPools();
    }

    /// <summary>What one connection gets that does nothing but commit: a row in a table of its own, again and again.</summary>
    /// <returns>Commits a second.</returns>
    public async Task<double> FloorAsync(TimeSpan time)
    {
        await RunAsync("CREATE TABLE floor (id bigint)");
        try
        {
            await using var connection = await OpenAsync();
            await using var command = new NpgsqlCommand("INSERT INTO floor VALUES (1)", connection);
            await command.PrepareAsync();
            var (commits, start) = (0, Stopwatch.GetTimestamp());
            for (; Stopwatch.GetElapsedTime(start) < time; commits++)
                await command.ExecuteNonQueryAsync();
            return commits / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        finally
        {
            await RunAsync("DROP TABLE floor");
        }
    }

    /// <summary>Looks again and again what the sessions in the benchmark's database are doing, until it is cancelled.</summary>
    /// <param name="waits">Receives, for each look and each session in a transaction, what it waits for.</param>
    /// <param name="enough">Ends it.</param>
    public async Task SampleWaitsAsync(List<string> waits, CancellationToken enough)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand("SELECT coalesce(wait_event_type || ' ' || wait_event, 'runs') FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'", connection);
        while (!enough.IsCancellationRequested)
        {
            await using (var reader = await command.ExecuteReaderAsync(CancellationToken.None))
                while (await reader.ReadAsync(CancellationToken.None))
                    waits.Add(reader.GetString(0));
            await Task.WhenAny(Task.Delay(20, enough));
        }
    }

    /// <summary>The processor time of all of the server's processes so far, as far as they live and are on this machine.</summary>
    public async Task<TimeSpan> ProcessorAsync()
    {
        var all = TimeSpan.Zero;
        foreach (var id in await AskAsync<int[]>("SELECT array_agg(pid) FROM pg_stat_activity"))
            try
            {
                using var process = Process.GetProcessById(id);
                if (process.ProcessName.StartsWith("postgres", StringComparison.Ordinal))
                    all += process.TotalProcessorTime;
            }
            catch (ArgumentException)
            {
                // Gone since, or on another machine.
            }

        return all;
    }

    private async Task<T> AskAsync<T>(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private async Task RunAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        return connection;
    }
}
