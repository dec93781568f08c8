using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Portal.Tests.Web.Hosting;

/// <summary>Keeps everything that a process tells: logs with their values and scopes, spans with their tags and events, measurements with their tags.</summary>
internal sealed class Telltales : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<(string Source, string Text)> _told = new();
    private readonly ActivityListener _activities;
    private readonly MeterListener _meters = new();
    // As in the portal itself: it writes addresses on the spans of every server of the process, and any portal of another test may have it on.
    private readonly TracerProvider _tracing = Sdk.CreateTracerProviderBuilder().AddAspNetCoreInstrumentation().Build();
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public Telltales()
    {
        _activities = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Note,
        };
        ActivitySource.AddActivityListener(_activities);
        _meters.InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
        _meters.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Note(instrument, tags));
        _meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
        _meters.Start();
    }

    /// <summary>What was told so far, each with where it comes from.</summary>
    public IReadOnlyCollection<(string Source, string Text)> Told => _told;

    public ILogger CreateLogger(string categoryName) => new Notes(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
        _activities.Dispose();
        _meters.Dispose();
        _tracing.Dispose();
    }

    private void Note(string source, object? value)
    {
        if (value is not null)
            _told.Enqueue((source, value as string ?? Convert.ToString(value, null) ?? ""));
    }

    private void Note(Activity activity)
    {
        var source = $"span {activity.Source.Name}/{activity.OperationName}";
        Note(source, activity.DisplayName);
        Note(source, activity.StatusDescription);
        foreach (var (name, value) in activity.TagObjects.Concat(activity.Events.SelectMany(e => e.Tags)).Concat(activity.Baggage.Select(b => new KeyValuePair<string, object?>(b.Key, b.Value))))
            Note($"{source} {name}", value);
    }

    private void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (name, value) in tags)
            Note($"metric {instrument.Name} {name}", value);
    }

    private sealed class Notes(Telltales all, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => all._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var source = $"log {category} {logLevel} {eventId}";
            all.Note(source, formatter(state, exception));
            all.Note(source, exception?.ToString());
            NoteValues(source, state);
            all._scopes.ForEachScope((scope, log) =>
            {
                log.all.Note(source, scope);
                log.NoteValues(source, scope);
            }, (all, NoteValues: (Action<string, object?>)NoteValues));
        }

        private void NoteValues(string source, object? state)
        {
            if (state is IEnumerable<KeyValuePair<string, object?>> values)
                foreach (var (name, value) in values)
                    all.Note($"{source} {name}", value);
        }
    }
}
