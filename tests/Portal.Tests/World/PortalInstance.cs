using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Grants;
using Portal.Core.Grants.Pacing;

namespace Portal.Tests.World;

/// <summary>A running portal: what it has of its own, beside the database and the cloud that it shares with others.</summary>
public sealed class PortalInstance : IAsyncDisposable
{
    private readonly Action<IServiceCollection, PortalInstance> _addTo;
    private ServiceProvider _services;

    /// <param name="truth">The true time.</param>
    /// <param name="addTo">Registers all that such a portal consists of.</param>
    public PortalInstance(TimeProvider truth, Action<IServiceCollection, PortalInstance> addTo)
    {
        _addTo = addTo;
        Machine = new MachineClock(truth);
        Line = new CloudLine(answered => Get<CallPacing>().HearIssuer(answered));
        _services = Build();
    }

    /// <summary>The clock of the machine that it runs on: right until a test sets it.</summary>
    public MachineClock Machine { get; }

    /// <summary>Its line to the cloud.</summary>
    public CloudLine Line { get; }

    /// <summary>What its commands meet on their way to the database.</summary>
    public DatabaseFaults DatabaseFaults { get; } = new();

    /// <summary>Where its spool of revocations lies.</summary>
    public SpoolOptions Spool { get; } = new(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"portal-spool-{Guid.NewGuid():N}"));

    /// <summary>Heard when it was started anew.</summary>
    public event Action? Started;

    /// <summary>What its use cases are made of.</summary>
    public IServiceProvider Services => _services;

    /// <summary>A use case, or anything else that is registered.</summary>
    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    /// <summary>It is started anew: what it only remembered is gone.</summary>
    public async Task RestartAsync()
    {
        await _services.DisposeAsync();
        _services = Build();
        Line.Forget();
        Started?.Invoke();
    }

    private ServiceProvider Build()
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        _addTo(services, this);
        return services.BuildServiceProvider(validateScopes: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (Directory.Exists(Spool.Directory))
            Directory.Delete(Spool.Directory, recursive: true);
    }
}
