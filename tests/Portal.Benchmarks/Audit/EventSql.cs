using System.Globalization;

namespace Portal.Benchmarks.Audit;

/// <summary>The statements that fill a trail with events of the size and variety that a portal's have: about 450 bytes each in a file, some of them with what a file has to escape.</summary>
internal static class EventSql
{
    private const string Columns = """
        "EventId", "At", "Code", "Outcome", "ActorKind", "ActorTenantId", "ActorObjectId", "ActorName", "ActorRoles", "SubjectTenantId", "SubjectObjectId", "SubjectName",
        "Scope", "VaultName", "SecretName", "RoleName", "RequestId", "RequestReference", "GrantId", "PolicyName", "PolicyVersion", "Reason", "Comment", "ProviderRequestId", "WindowStart", "WindowEnd", "CorrelationId", "ClientAddress", "UserAgent"
        """;

    private const string SqliteId = "printf('%08X-0000-7000-8000-%012X', {0}, {0})";

    private const string PostgreSqlId = "CAST(lpad(to_hex({0}), 8, '0') || '-0000-7000-8000-' || lpad(to_hex({0}), 12, '0') AS uuid)";

    // Without zeros at the end, as EF Core writes instants: what it reads it must find again.
    private const string SqliteYears = "rtrim(rtrim(strftime('%Y-%m-%d %H:%M:%S', 1700000000 + {0} * 50, 'unixepoch') || '.' || substr(1000 + {0} % 1000, 2), '0'), '.')";

    private const string SqliteNow = "rtrim(rtrim(strftime('%Y-%m-%d %H:%M:%f', 'now'), '0'), '.')";

    private const string PostgreSqlYears = "to_timestamp(1700000000 + {0} * 50) + ({0} % 1000) * interval '1 millisecond'";

    private const string PostgreSqlNow = "date_trunc('milliseconds', now())";

    /// <summary>Events of some years, numbered from 1.</summary>
    public static string OnSqlite(long events) => Sqlite(1, events, SqliteYears);

    /// <summary>Events of some years, numbered from 1.</summary>
    public static string OnPostgreSql(long events) => PostgreSql(1, events, PostgreSqlYears);

    /// <summary>Events of this moment, which wait to be sealed, in one transaction.</summary>
    public static string Now(bool sqlite, long from, long count) => sqlite
        ? $"BEGIN IMMEDIATE; {Sqlite(from, count, SqliteNow)}; {Wait(sqlite, from, count)}; COMMIT"
        : $"{PostgreSql(from, count, PostgreSqlNow)}; {Wait(sqlite, from, count)}";

    /// <summary>Has events that have no place in the log wait for one.</summary>
    /// <param name="sqlite">On which database.</param>
    /// <param name="from">The number of the first.</param>
    /// <param name="count">How many.</param>
    public static string Wait(bool sqlite, long from, long count)
    {
        // By their ids: how the database numbers them is its own affair.
        var id = sqlite ? SqliteId : PostgreSqlId;
        return $"""INSERT INTO "PendingSeals"("Since", "EventId") SELECT "At", "EventId" FROM "AuditEvents" WHERE "EventId" >= {Of(id, Number(from))} AND "EventId" < {Of(id, Number(from + count))}""";
    }

    private static string Sqlite(long from, long count, string at) => $$"""
        WITH RECURSIVE n(i) AS (SELECT {{Number(from)}} UNION ALL SELECT i + 1 FROM n WHERE i < {{Number(from + count - 1)}})
        INSERT INTO "AuditEvents"({{Columns}})
        {{Values(SqliteId, at, "NULL", "")}} FROM n
        """;

    private static string PostgreSql(long from, long count, string at) => $$"""
        INSERT INTO "AuditEvents"({{Columns}})
        {{Values(PostgreSqlId, at, "NULL::timestamptz", "::int")}} FROM generate_series({{Number(from)}}, {{Number(from + count - 1)}}) AS n(i)
        """;

    private static string Values(string id, string at, string noTime, string number) => $"""
        SELECT {Of(id, "i")}, {Of(at, "i")}, CASE i % 5 WHEN 0 THEN 'request.submitted' WHEN 1 THEN 'request.approved' WHEN 2 THEN 'grant.scheduled' WHEN 3 THEN 'grant.activated' ELSE 'grant.ended' END, 'Success',
          CASE i % 5 WHEN 0 THEN 'Person' WHEN 1 THEN 'Person' ELSE 'System' END, CASE WHEN i % 5 < 2 THEN {Of(id, "1")} END, CASE WHEN i % 5 < 2 THEN {Of(id, "i % 500")} END,
          CASE WHEN i % 5 < 2 THEN 'Mira Castellanos-Okafor ' || (i % 500) ELSE 'system' END, CASE WHEN i % 5 < 2 THEN 'Approver Requester' ELSE '' END, {Of(id, "1")}, {Of(id, "i % 499")}, 'Jonas Müller ' || (i % 499),
          '/subscriptions/0c8a6dd0-0000-4000-8000-000000000001/resourceGroups/rg-payments-prod/providers/Microsoft.KeyVault/vaults/kv-payments-' || (i % 7) || '/secrets/stripe-api-key-' || (i % 300),
          'kv-payments-' || (i % 7), 'stripe-api-key-' || (i % 300), 'Key Vault Secrets User', {Of(id, "i / 5")}, 'R-' || (i / 5), CASE WHEN i % 5 > 1 THEN {Of(id, "i / 5")} END, 'payments-prod', (i % 9){number},
          CASE i % 5 WHEN 4 THEN 'Expired' END, CASE i % 5 WHEN 0 THEN 'Rotate the key, "INC-' || i || '": the old one leaked into a log' WHEN 1 THEN CASE WHEN i % 7 = 0 THEN '=1+1' ELSE 'ok' END END,
          CASE i % 5 WHEN 3 THEN 'a2b1c3d4-' || i END, CASE i % 5 WHEN 0 THEN {Of(at, "i")} ELSE {noTime} END, CASE i % 5 WHEN 0 THEN {Of(at, "(i + 36)")} ELSE {noTime} END,
          '4bf92f3577b34da6a3ce929d0e0e' || (i % 9999), CASE WHEN i % 5 < 2 THEN '10.20.30.' || (i % 250) END, CASE WHEN i % 5 < 2 THEN 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' END
        """;

    private static string Of(string expression, string number) => expression.Replace("{0}", number, StringComparison.Ordinal);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
