using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Portal.Core.Audit;
using Portal.Core.Audit.Search;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>SQLite as the portal's database: one instance, one file.</summary>
public static class SqliteDatabase
{
    private static readonly SqliteAuditInsert Insert = new();

    /// <summary>Uses SQLite: write-ahead log, full synchronisation, foreign keys, one writer at a time.</summary>
    public static DbContextOptionsBuilder UsePortalSqlite(this DbContextOptionsBuilder options, string connectionString) => options
        .UseSqlite(connectionString, sqlite => sqlite.MigrationsAssembly(typeof(SqliteDatabase).Assembly.GetName().Name))
        .UseCompiledModel()
        .AddInterceptors(SqlitePragmas.Instance, SqliteSaveStatements.Instance)
        .UseWriteOrder(SqliteWriteGate.For(connectionString))
        .UseAuditInsert(Insert)
        .UseAuditSearch(new SqliteAuditSearch());

    /// <summary>Has the syncs of a database's write-ahead log go through somebody's hands: for tests that watch them, or have the disk fail.</summary>
    /// <param name="connectionString">The connection string, as given to <see cref="UsePortalSqlite"/>.</param>
    /// <param name="around">Given the file and the sync, which it calls; what it throws is what the disk said. Null for nobody.</param>
    public static void AroundLogSyncs(string connectionString, Action<string, Action>? around) => SqliteWriteGate.Around(connectionString, around);

    // Building the model anew takes as long as all else at a start; migrations/compile-models writes it, and that it is up to date is tested.
    private static DbContextOptionsBuilder UseCompiledModel(this DbContextOptionsBuilder options) =>
#if COMPILED_MODEL
        options.UseModel(Model.PortalDbModel.Instance);
#else
        options;
#endif
}

internal sealed class DesignTimeFactory : IDesignTimeDbContextFactory<PortalDb>
{
    public PortalDb CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalSqlite("Data Source=design-time.db");
        return new PortalDb(options.Options);
    }
}
