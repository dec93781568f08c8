using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Portal.Benchmarks.World;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Sandbox.Company;

namespace Portal.Benchmarks.Seeding;

/// <summary>Fills a portal's SQLite database with years of requests, straight by SQL: no rule is asked, so what it writes has to look as the portal's own rows do.</summary>
internal sealed class PortalSeed(SqliteConnection connection, SeedPlan plan, DateTimeOffset now)
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>Fills the file, which holds the schema, the catalog and the policies already, and a log that has begun.</summary>
    public static void Fill(string file, SeedPlan plan)
    {
        var start = Stopwatch.GetTimestamp();
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        new PortalSeed(connection, plan, TimeProvider.System.GetUtcNow()).Run();
        Report.Line($"Seeded {plan.Requests:N0} requests in {Report.Since(start) / 1000:0} s: {new FileInfo(file).Length / 1_000_000.0:N0} MB.");
    }

    private void Run()
    {
        connection.CreateFunction("uid", (long ms, long i, long tag) => Uid(ms, i, tag), isDeterministic: true);
        connection.CreateFunction("ref", (long i) => Reference(i), isDeterministic: true);
        connection.CreateFunction("instant", (long ms) => Instant(ms), isDeterministic: true);
        connection.CreateFunction("assignment", (string scope, string person) =>
            Text(AssignmentName.Of(scope, Guid.Parse(person), GrantableRole.SecretsUser.DefinitionId)), isDeterministic: true);
        var load = BulkLoad.Begin(connection, "AccessRequests", "ApprovalDecisions", "Grants", "DesiredAssignments", "AuditEvents", "AuditLeaves");
        using (var all = connection.BeginTransaction())
        {
            People();
            Do(SeedSql.Targets);
            Do(SeedSql.Timeline, ("$n", plan.Requests), ("$pending", plan.Pending), ("$active", plan.Active), ("$held", SeedPlan.HeldByReader), ("$approver", SeedPlan.HeldByApprover),
                ("$people", SeedPlan.People), ("$now", now.ToUnixTimeMilliseconds()), ("$span", SeedPlan.Days * 86_400_000L));
            Do(SeedSql.Rows, ("$tenant", Text(FenwickCompany.TenantId)), ("$role", Text(GrantableRole.SecretsUser.DefinitionId)), ("$roleName", GrantableRole.SecretsUser.Name),
                ("$now", now.ToUnixTimeMilliseconds()), ("$priya", Text(FenwickCompany.Priya)), ("$tomas", Text(FenwickCompany.Tomas)));
            all.Commit();
        }

        var start = Stopwatch.GetTimestamp();
        var events = LogSeed.Seal(connection);
        var seal = Report.Since(start);
        start = Stopwatch.GetTimestamp();
        load.End();
        Report.Line($"Of it: sealing {events:N0} events {seal / 1000:0} s, indexes and search {Report.Since(start) / 1000:0} s.");
    }

    private void People()
    {
        Do("CREATE TEMP TABLE person(n INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, upn TEXT NOT NULL);");
        (Guid Id, string Name, string Alias)[] known = [(FenwickCompany.Mira, "Mira Okafor", "mira"), (FenwickCompany.Jonas, "Jonas Lindqvist", "jonas"), (FenwickCompany.Priya, "Priya Raman", "priya")];
        for (var n = 0; n < SeedPlan.People; n++)
        {
            var (id, name, alias) = n < known.Length ? known[n] : (new Guid($"0b5e0000-0000-4000-8000-{n:x12}"), $"Engineer {n}", $"engineer{n}");
            Do("INSERT INTO person VALUES ($n, $id, $name, $upn)", ("$n", n), ("$id", Text(id)), ("$name", name), ("$upn", $"{alias}@{FenwickCompany.Domain}"));
        }
    }

    private void Do(string sql, params (string Name, object Value)[] parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 3600;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }

    // As EF Core writes them to SQLite: upper case, and instants without trailing zeros.
    private static string Text(Guid id) => id.ToString().ToUpperInvariant();

    private static string Instant(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);

    /// <summary>A version 7 UUID: by time first, then unique by number and tag.</summary>
    private static string Uid(long ms, long i, long tag) => $"{ms >> 16:X8}-{ms & 0xFFFF:X4}-7{i * 2654435761 >> 7 & 0xFFF:X3}-{0x8000 | (i * 40503 & 0x3FFF):X4}-{i << 8 | tag:X12}";

    private static string Reference(long i) => string.Create(10, i * 668265263 % (1L << 40), (text, value) =>
    {
        (text[0], text[1]) = ('R', '-');
        for (var at = 9; at > 1; at--, value >>= 5)
            text[at] = Alphabet[(int)(value & 31)];
    });
}
