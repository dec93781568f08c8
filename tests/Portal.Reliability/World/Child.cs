using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Portal.Reliability.Judging;
using Portal.Reliability.Worker;

namespace Portal.Reliability.World;

/// <summary>A worker process, as the harness sees it.</summary>
internal sealed class Child : IAsyncDisposable
{
    private const int Stop = 19;
    private const int Continue = 18;

    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<Span> _stalls = new();
    private TaskCompletionSource<string> _at = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Child(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, said) => Hear(said.Data);
        process.BeginOutputReadLine();
    }

    public int Id => _process.Id;

    /// <summary>Done when the worker has begun to look for work.</summary>
    public Task Ready => _ready.Task;

    /// <summary>When it was first heard to be ready; null until then.</summary>
    public DateTimeOffset? ReadyAt { get; private set; }

    /// <summary>Done when it has come to the point where it was told to kill or stop itself.</summary>
    public Task<string> AtPoint => _at.Task;

    /// <summary>When the machine had no time for it, as it says itself.</summary>
    public IReadOnlyCollection<Span> Stalls => _stalls;

    /// <summary>Tells it to kill or stop itself at a point; see <see cref="Failpoint.Arm"/>.</summary>
    public async Task ArmAsync(string order)
    {
        _at = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _process.StandardInput.WriteLineAsync(order);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Starts a process. It does nothing yet.</summary>
    public static Child Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, WorkerProcess.Name) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Insert(0, typeof(Child).Assembly.Location);
        return new Child(Process.Start(start)!);
    }

    /// <summary>Tells it what it is to work on, and lets it begin.</summary>
    /// <param name="portals">The settings of each portal that it is to host.</param>
    /// <param name="own">Those of the process itself (<see cref="ProcessSettings"/>); null for none.</param>
    public async Task BeginAsync(IEnumerable<IReadOnlyDictionary<string, string>> portals, IReadOnlyDictionary<string, string>? own = null)
    {
        var none = new Dictionary<string, string>();
        foreach (var settings in (IEnumerable<IReadOnlyDictionary<string, string>>)[own ?? none, .. portals, none])
        {
            foreach (var (key, value) in settings)
                await _process.StandardInput.WriteLineAsync($"{key}={value}");
            await _process.StandardInput.WriteLineAsync();
        }

        await _process.StandardInput.FlushAsync();
    }

    /// <summary>When it was gone, as the system says.</summary>
    public DateTimeOffset GoneAt => _process.ExitTime.ToUniversalTime();

    /// <summary>Waits until it has killed itself, or patience ends.</summary>
    public Task GoneAsync(CancellationToken patience) => _process.WaitForExitAsync(patience).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>How much processor time it has taken so far; null when it is gone.</summary>
    public TimeSpan? ProcessorTime
    {
        get
        {
            try
            {
                _process.Refresh();
                return _process.TotalProcessorTime;
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
    }

    /// <summary>SIGKILL: it gets no chance to say or save anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: it stands still and does not know it.</summary>
    public void Freeze() => Signal(Stop);

    /// <summary>SIGCONT.</summary>
    public void Thaw() => Signal(Continue);

    /// <summary>Lets it end by itself.</summary>
    public async Task CloseAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(patience.Token);
        if (_process.ExitCode != 0)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"A worker ended with {_process.ExitCode}."));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line == "ready")
        {
            ReadyAt = TimeProvider.System.GetUtcNow();
            _ready.TrySetResult();
        }
        else if (line?.StartsWith("at ", StringComparison.Ordinal) == true)
        {
            _at.TrySetResult(line[3..]);
        }
        else if (line?.Split(' ') is ["late", var due, var came])
        {
            _stalls.Enqueue(new Span(Instant(due), Instant(came)));
        }
        else if (line is null)
        {
            _ready.TrySetException(new InvalidOperationException("The worker ended before it was ready."));
        }
    }

    private static DateTimeOffset Instant(string milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(milliseconds, CultureInfo.InvariantCulture));

    private void Signal(int number)
    {
        if (kill(_process.Id, number) != 0)
            throw new InvalidOperationException($"Signal {number} could not be sent: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
}
