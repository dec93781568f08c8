using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Core.Data;

/// <summary>Has a unit of work that writes by statements of its own wait for its turn, where a database has one writer. A mere save waits by itself.</summary>
public static class WriteTurn
{
    /// <summary>Waits for a context's turn to write; disposing gives it back. Saves of that context are part of it.</summary>
    /// <param name="db">The context.</param>
    /// <param name="ct">Cancels the wait.</param>
    public delegate Task<IDisposable> Enter(PortalDb db, CancellationToken ct);

    /// <summary>Says how to wait, where the database is chosen.</summary>
    public static DbContextOptionsBuilder UseWriteTurns(this DbContextOptionsBuilder options, Enter enter)
    {
        ((IDbContextOptionsBuilderInfrastructure)options).AddOrUpdateExtension(new Extension(enter));
        return options;
    }

    /// <summary>Waits for this context's turn.</summary>
    /// <returns>What gives it back; null where the database takes many writers.</returns>
    public static async Task<IDisposable?> TurnAsync(PortalDb db, CancellationToken ct) =>
        db.GetService<IDbContextOptions>().FindExtension<Extension>() is { } turns ? await turns.Enter(db, ct) : null;

    private sealed class Extension(Enter enter) : IDbContextOptionsExtension
    {
        public Enter Enter { get; } = enter;

        public DbContextOptionsExtensionInfo Info => new Explained(this);

        public void ApplyServices(IServiceCollection services)
        {
        }

        public void Validate(IDbContextOptions options)
        {
        }
    }

    // It changes nothing of what Entity Framework keeps for all contexts of a kind.
    private sealed class Explained(IDbContextOptionsExtension extension) : DbContextOptionsExtensionInfo(extension)
    {
        public override bool IsDatabaseProvider => false;

        public override string LogFragment => "";

        public override int GetServiceProviderHashCode() => 0;

        public override bool ShouldUseSameServiceProvider(DbContextOptionsExtensionInfo other) => other is Explained;

        public override void PopulateDebugInfo(IDictionary<string, string> debugInfo)
        {
        }
    }
}
