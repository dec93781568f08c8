using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Portal.Core.Data;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;

namespace Portal.Tests.Data;

/// <summary>A compiled model is what a start goes by: one that is older than the mappings would read and write other columns than the migrations made.</summary>
public sealed class CompiledModelTests
{
    private static readonly DbContextOptionsBuilder<PortalDb> Sqlite = With(options => options.UsePortalSqlite("Data Source=:memory:"));
    private static readonly DbContextOptionsBuilder<PortalDb> PostgreSql = With(options => options.UsePortalPostgreSql("Host=localhost;Database=nowhere"));

    public static TheoryData<string> Databases { get; } = ["sqlite", "postgres"];

    [Theory]
    [MemberData(nameof(Databases))]
    public void It_says_what_the_mappings_say(string database)
    {
        var options = database == "sqlite" ? Sqlite : PostgreSql;
        using var compiled = new PortalDb(options.Options);
        ((IDbContextOptionsBuilderInfrastructure)options).AddOrUpdateExtension(options.Options.FindExtension<CoreOptionsExtension>()!.WithModel(null));
        using var built = new PortalDb(options.Options);
        Assert.NotSame(built.Model, compiled.Model);
        if (Told(built) != Told(compiled))
            Assert.Fail($"Run migrations/compile-models: the mappings have changed since. {FirstDifference(Told(built), Told(compiled))}");
    }

    // By entity: a model as a whole also tells of the types that queries by SQL have added to it in this process.
    private static string Told(PortalDb db) => string.Join('\n', db.Model.GetEntityTypes().Select(type => type.ToDebugString(MetadataDebugStringOptions.LongDefault))
        .Concat(db.Model.GetAnnotations().Where(a => a.Name != "Relational:AdHocModel").Select(a => $"{a.Name}: {a.Value}").Order(StringComparer.Ordinal)));

    private static string FirstDifference(string built, string compiled)
    {
        var (mapped, held) = (built.Split('\n'), compiled.Split('\n'));
        var at = Enumerable.Range(0, Math.Min(mapped.Length, held.Length)).FirstOrDefault(i => mapped[i] != held[i], Math.Min(mapped.Length, held.Length));
        return $"Line {at}: mapped '{mapped.ElementAtOrDefault(at)?.Trim()}', compiled '{held.ElementAtOrDefault(at)?.Trim()}'.";
    }

    private static DbContextOptionsBuilder<PortalDb> With(Func<DbContextOptionsBuilder, DbContextOptionsBuilder> use)
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        use(options);
        return options;
    }
}
