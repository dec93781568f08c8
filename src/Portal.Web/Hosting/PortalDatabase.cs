using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;
using Portal.Core.Grants.Claims;

namespace Portal.Web.Hosting;

/// <summary>The portal's database, by configuration: SQLite for one instance, PostgreSQL for several.</summary>
public static class PortalDatabase
{
    /// <summary>The configuration key that chooses the kind of database.</summary>
    public const string ProviderKey = "Database:Provider";

    /// <summary>Makes a context use one kind of database.</summary>
    /// <param name="options">The context's options.</param>
    /// <param name="connectionString">Where the database is.</param>
    public delegate DbContextOptionsBuilder Use(DbContextOptionsBuilder options, string connectionString);

    /// <summary>One kind of database.</summary>
    /// <param name="Use">Makes a context use it.</param>
    /// <param name="Work">How due work is handed out there.</param>
    /// <param name="Clock">Its clock.</param>
    /// <param name="Trail">How the audit trail is read fast there.</param>
    /// <param name="Hold">Given the connection string, takes the database for this process alone until disposed, and throws <see cref="DatabaseInUseException"/> when another has it; null where several may share it.</param>
    public sealed record Kind(Use Use, IDueWork Work, IDatabaseClock Clock, IAuditReading Trail, Func<string, IDisposable>? Hold = null);

    /// <summary>Registers the context, its factory, how due work is handed out, and the checks that the database answers and that its disk takes what is written.</summary>
    public static void AddPortalDatabase(this WebApplicationBuilder builder, Kind sqlite, Kind postgreSql)
    {
        builder.Services.AddSingleton(services => services.GetRequiredService<IConfiguration>()[ProviderKey] switch
        {
            // Read late, so that a host that brings its own configuration is heard.
            "PostgreSql" => postgreSql,
            "Sqlite" => sqlite,
            var other => throw new InvalidOperationException($"Database:Provider '{other}' is not known."),
        });
        builder.Services.AddSingleton(services => services.GetRequiredService<Kind>().Work);
        builder.Services.AddSingleton(services => services.GetRequiredService<Kind>().Clock);
        builder.Services.AddSingleton(services => services.GetRequiredService<Kind>().Trail);
        builder.Services.AddSingleton<DatabaseHold>();
        builder.Services.AddPortalDb((services, options) =>
            services.GetRequiredService<Kind>().Use(options, ConnectionStringOf(services.GetRequiredService<IConfiguration>())));
        builder.Services.AddHealthChecks().AddDbContextCheck<PortalDb>("database", tags: [Operations.ReadyTag]).AddCheck<DurabilityHealth>("durability", tags: [Operations.ReadyTag]);
    }

    /// <summary>Brings the database's schema up to date. Several instances may do so at once.</summary>
    public static async Task MigrateAsync(IServiceProvider services, CancellationToken ct)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        if (configuration[ProviderKey] == "Sqlite")
            MakeFile(ConnectionStringOf(configuration));
        await using var db = await services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync(ct);
        if (configuration[ProviderKey] == "PostgreSql" && await db.Database.CanConnectAsync(ct) && !await HasHistoryAsync(db, ct))
            await db.GetService<IHistoryRepository>().CreateIfNotExistsAsync(ct);
        // Migrating compares whole models, which takes longer than all the rest of a start; most starts have nothing to migrate.
        if ((await db.Database.GetPendingMigrationsAsync(ct)).ToList() is not { Count: > 0 } pending)
            return;
        try
        {
            await db.Database.MigrateAsync(ct);
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            // By a schema that it does not know this version could take something for what it is not.
            throw new InvalidOperationException($"The portal does not start, and takes nothing back: the database lacks {string.Join(", ", pending)} and did not take it ({fault.Message}). If it takes no writes now, start the version that ran before: that one takes back what is due, by way of its spool.", fault);
        }
    }

    /// <summary>Asks without a fault: what Entity Framework asks first fails on a table that is not there yet, and a first start would log two faults that are none.</summary>
    private static Task<bool> HasHistoryAsync(PortalDb db, CancellationToken ct) =>
        db.Database.SqlQuery<bool>($"""SELECT to_regclass('"__EFMigrationsHistory"') IS NOT NULL AS "Value" """).SingleAsync(ct);

    /// <summary>Where the database is. Everything that opens it asks here, so that a relative file is the same file for all.</summary>
    public static string ConnectionStringOf(IConfiguration configuration)
    {
        var configured = configuration.GetConnectionString("Portal")!;
        return configuration[ProviderKey] == "Sqlite" ? InDataDirectory(configured, configuration) : configured;
    }

    /// <summary>A file named without a directory lies in the portal's own, whatever directory the portal was started from. It is made once, at the start: a file that goes away later is a fault to be seen, not a reason to begin anew with an empty one.</summary>
    private static string InDataDirectory(string connectionString, IConfiguration configuration)
    {
        var connection = new SqliteConnectionStringBuilder(connectionString);
        if (!IsFile(connection))
            return connectionString;
        connection.DataSource = Path.Combine(DataDirectory.Of(configuration), connection.DataSource);
        if (connection.Mode == SqliteOpenMode.ReadWriteCreate)
            connection.Mode = SqliteOpenMode.ReadWrite;
        return connection.ToString();
    }

    private static void MakeFile(string connectionString)
    {
        var connection = new SqliteConnectionStringBuilder(connectionString);
        if (!IsFile(connection))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(connection.DataSource)!);
        connection.Mode = SqliteOpenMode.ReadWriteCreate;
        connection.Pooling = false;
        using var file = new SqliteConnection(connection.ToString());
        file.Open();
        // A file of no bytes is no write-ahead log yet, and whoever only looks whether it is there could not make it one.
        using var command = file.CreateCommand();
        command.CommandText = "PRAGMA journal_mode=WAL";
        command.ExecuteNonQuery();
    }

    private static bool IsFile(SqliteConnectionStringBuilder connection) =>
        connection.DataSource.Length > 0 && !connection.DataSource.StartsWith(':') && !connection.DataSource.StartsWith("file:", StringComparison.Ordinal) && connection.Mode != SqliteOpenMode.Memory;
}
