using Microsoft.Extensions.Logging;

namespace Portal.Reliability.Worker;

/// <summary>Appends each line to a file at once: what a process said before it was killed is there.</summary>
internal sealed class FileLog(string path) : ILoggerProvider
{
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void Dispose()
    {
    }

    private void Write(string line)
    {
        lock (_lock)
            File.AppendAllText(path, line + Environment.NewLine);
    }

    private sealed class Category(FileLog file, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                file.Write($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {Environment.ProcessId} {logLevel} {category[(category.LastIndexOf('.') + 1)..]}: {formatter(state, exception)}{(exception is null ? "" : $" | {exception}")}");
        }
    }
}
