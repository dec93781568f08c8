using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Data;
using Portal.Tests.World;

namespace Portal.Tests.Hosting;

/// <summary>The first start finds an empty database, which is no fault, and says nothing of faults.</summary>
public sealed class FirstStartTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task An_empty_database_gets_its_schema_without_a_fault_in_the_log(DatabaseKind kind)
    {
        await using var empty = await PortalDatabase.CreateAsync(kind, empty: true);
        using var heard = new Faults();
        var services = new ServiceCollection()
            .AddLogging(log => log.AddProvider(heard).SetMinimumLevel(LogLevel.Warning))
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Database:Provider"] = kind.ToString(), ["ConnectionStrings:Portal"] = empty.ConnectionString }).Build());
        services.AddPortalDb((_, options) => empty.Configure(options));
        await using var provider = services.BuildServiceProvider();

        await Portal.Web.Hosting.PortalDatabase.MigrateAsync(provider, Ct);

        Assert.Equal("", string.Join("\n", heard.Said));
        await using var db = await provider.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct);
        Assert.Empty(await db.Database.GetPendingMigrationsAsync(Ct));
        Assert.NotEmpty(await db.Database.GetAppliedMigrationsAsync(Ct));
    }

    /// <summary>Keeps warnings and worse.</summary>
    private sealed class Faults : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _said = new();

        public IReadOnlyCollection<string> Said => _said;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _said.Enqueue($"{logLevel} {eventId}: {formatter(state, exception)}");

        public void Dispose()
        {
        }
    }
}
