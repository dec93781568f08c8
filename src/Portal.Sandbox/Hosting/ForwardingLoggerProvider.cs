using Microsoft.Extensions.Logging;

namespace Portal.Sandbox.Hosting;

/// <summary>Passes the framework's warnings and errors on to the one logger that the sandbox was given.</summary>
internal sealed class ForwardingLoggerProvider(ILogger target) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Forwarding(target);

    public void Dispose()
    {
    }

    private sealed class Forwarding(ILogger target) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && target.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) target.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
