using System.Threading.Channels;
using Npgsql;
using Portal.Core.Data;
using Portal.Web.Hosting;

namespace Portal.Web.Workers;

/// <summary>Tells the other instances what this one has saved, and this one what they have, by PostgreSQL's NOTIFY: their screens follow within a second. A hint like the feed itself: whoever misses it reads the database at its next look. With SQLite there are no others, and it does nothing.</summary>
public sealed partial class ChangeRelay(ChangeFeed changes, IConfiguration configuration, TimeProvider clock, ILogger<ChangeRelay> logger) : BackgroundService
{
    /// <summary>The name under which instances that share a database hear each other.</summary>
    public const string NotifyName = "portal_changes";

    // As many hints as a burst needs; past it the oldest are dropped, and whoever shows them hears of the next change.
    private const int MostWaiting = 10_000;
    private const int MostAtOnce = 500;

    /// <summary>The name of the connection string that leads past a pooler; without it the portal's own is taken.</summary>
    public const string DirectName = "PortalDirect";

    /// <summary>How long a word of this instance's own may take to come back to it before the operator is told that others are not heard.</summary>
    public static readonly TimeSpan EchoWithin = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly Guid _instance = Guid.NewGuid();
    private readonly TaskCompletionSource _echo = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when this instance hears the others for the first time.</summary>
    public TaskCompletionSource Listening { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with whether what is told is heard: false when something between, such as a pooler, keeps it away.</summary>
    public TaskCompletionSource<bool> Heard { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string Hello => $"{_instance:D} hello";

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (configuration[PortalDatabase.ProviderKey] != "PostgreSql")
            return;
        var connection = PortalDatabase.ConnectionStringOf(configuration);
        var waiting = Channel.CreateBounded<PortalChange>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        using var subscription = changes.SubscribeOwn(change => waiting.Writer.TryWrite(change));
        await Task.WhenAll(
            KeepAsync("hear", ct => ListenAsync(configuration.GetConnectionString(DirectName) ?? connection, ct), stoppingToken),
            KeepAsync("tell", ct => TellAsync(connection, waiting.Reader, ct), stoppingToken),
            KeepAsync("check", ct => CheckAsync(connection, ct), stoppingToken));
    }

    private async Task KeepAsync(string what, Func<CancellationToken, Task> work, CancellationToken ct)
    {
        var wait = ShortestWait;
        while (!ct.IsCancellationRequested)
        {
            var began = clock.GetTimestamp();
            try
            {
                await work(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                // What held for a while and broke is tried again soon; what fails at once, less and less often.
                wait = clock.GetElapsedTime(began) > LongestWait ? ShortestWait : wait < LongestWait ? 2 * wait : LongestWait;
                LogBroken(fault, what, wait.TotalSeconds);
                await Task.Delay(wait, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(string connectionString, CancellationToken ct)
    {
        // Its own connection for as long as it lasts; the keep-alive finds out when the other end is gone.
        var own = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, KeepAlive = 15, ApplicationName = "portal change relay" };
        await using var connection = new NpgsqlConnection(own.ConnectionString);
        connection.Notification += (_, heard) => Hear(heard.Payload);
        await connection.OpenAsync(ct);
        await using (var listen = new NpgsqlCommand($"LISTEN {NotifyName}", connection))
            await listen.ExecuteNonQueryAsync(ct);
        if (!Listening.TrySetResult())
            CatchUp();
        LogListening();
        while (true)
            await connection.WaitAsync(ct);
    }

    // Nobody knows what was said meanwhile: everything may have changed.
    private void CatchUp()
    {
        foreach (var kind in Enum.GetValues<ChangeKind>())
            changes.Relay(new PortalChange(kind));
    }

    private void Hear(string payload)
    {
        if (payload == Hello)
            _echo.TrySetResult();
        else if (ChangeLetter.Read(payload) is { } letter && letter.From != _instance)
            changes.Relay(letter.Change);
    }

    private async Task TellAsync(string connectionString, ChannelReader<PortalChange> waiting, CancellationToken ct)
    {
        while (await waiting.WaitToReadAsync(ct))
        {
            var letters = new HashSet<string>(StringComparer.Ordinal);
            while (letters.Count < MostAtOnce && waiting.TryRead(out var change))
                letters.Add(new ChangeLetter(_instance, change).ToString());
            await TellAsync(connectionString, [.. letters], ct);
            // A burst goes out in a few parts instead of in many.
            await Task.Delay(Breath, clock, ct);
        }
    }

    private static async Task TellAsync(string connectionString, string[] letters, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(ct);
        await using var tell = new NpgsqlCommand("SELECT pg_notify($1, letter) FROM unnest($2) AS letter", connection);
        tell.Parameters.Add(new NpgsqlParameter { Value = NotifyName });
        tell.Parameters.Add(new NpgsqlParameter { Value = letters });
        await tell.ExecuteNonQueryAsync(ct);
    }

    // A pooler that hands out a connection for each transaction takes LISTEN and says nothing: only what does not come back tells.
    private async Task CheckAsync(string connectionString, CancellationToken ct)
    {
        await Listening.Task.WaitAsync(ct);
        await TellAsync(connectionString, [Hello], ct);
        var heard = await Task.WhenAny(_echo.Task, Task.Delay(EchoWithin, clock, ct)) == _echo.Task;
        ct.ThrowIfCancellationRequested();
        if (!heard)
            LogDeaf(EchoWithin.TotalSeconds, DirectName);
        Heard.TrySetResult(heard);
        await Task.Delay(Timeout.InfiniteTimeSpan, ct);
    }

    [LoggerMessage(LogLevel.Information, "Listening for what other instances change")]
    private partial void LogListening();

    [LoggerMessage(LogLevel.Warning, "What is told to other instances is not heard here within {Seconds} s. Is there a pooler between the portal and PostgreSQL that hands out a connection for each transaction? Set ConnectionStrings:{Direct} to a connection past it. Until then screens show what other instances change when they are looked at again; access is given and taken back all the same")]
    private partial void LogDeaf(double seconds, string direct);

    [LoggerMessage(LogLevel.Warning, "Other instances cannot be reached through the database ({What}); trying again in {Seconds} s. Their screens are up to date again after that")]
    private partial void LogBroken(Exception fault, string what, double seconds);
}

/// <summary>A change on its way to another instance: who sent it and what it was, as text.</summary>
/// <param name="From">The instance.</param>
/// <param name="Change">The change.</param>
public sealed record ChangeLetter(Guid From, PortalChange Change)
{
    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <returns>Null when it is none: another version wrote it, or somebody else did.</returns>
    public static ChangeLetter? Read(string text) =>
        text.Split(' ') is [var from, var kind, var request, var principal]
        && Guid.TryParse(from, out var sender) && Enum.TryParse<ChangeKind>(kind, out var what) && Enum.IsDefined(what)
        && TryRead(request, out var requestId) && TryRead(principal, out var principalId)
            ? new ChangeLetter(sender, new PortalChange(what, requestId, principalId))
            : null;

    /// <inheritdoc />
    public override string ToString() => $"{From:D} {Change.Kind} {Write(Change.RequestId)} {Write(Change.PrincipalId)}";

    private static string Write(Guid? id) => id?.ToString("D") ?? "-";

    private static bool TryRead(string text, out Guid? id)
    {
        id = Guid.TryParse(text, out var read) ? read : null;
        return id is not null || text == "-";
    }
}
