using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Core.Data;

/// <summary>Something of ours that goes with a context's options, one of each type. It changes nothing of what Entity Framework keeps for all contexts of a kind.</summary>
internal sealed class ContextOption<T>(T value) : IDbContextOptionsExtension
    where T : class
{
    private readonly T _value = value;

    /// <inheritdoc />
    public DbContextOptionsExtensionInfo Info => new Explained(this);

    /// <summary>Puts it there, in the place of an earlier one.</summary>
    public static void Set(DbContextOptionsBuilder options, T value) => ((IDbContextOptionsBuilderInfrastructure)options).AddOrUpdateExtension(new ContextOption<T>(value));

    /// <summary>What goes with a context's options; null when nothing does.</summary>
    public static T? Of(IDbContextOptions options) => options.FindExtension<ContextOption<T>>()?._value;

    /// <inheritdoc />
    public void ApplyServices(IServiceCollection services)
    {
    }

    /// <inheritdoc />
    public void Validate(IDbContextOptions options)
    {
    }

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
