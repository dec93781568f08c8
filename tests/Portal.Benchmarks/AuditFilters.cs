using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.Seeding;
using Portal.Benchmarks.World;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Sandbox.Company;

namespace Portal.Benchmarks;

/// <summary>Every filter of the audit page, its first page and its last, beside the same statement run bare on the same connection; then the counts, the questions and the charts.</summary>
internal static class AuditFilters
{
    private const long EventsPerRequest = 5;
    private static readonly Actor Auditor = new(ActorKind.Person, new PrincipalId(FenwickCompany.TenantId, FenwickCompany.Ingrid), "Ingrid Vale", null, new HashSet<PortalRole> { PortalRole.Auditor }, new HashSet<Guid>()) { Confirmed = true };

    /// <summary>Measures with a million events; <c>--long</c> on the command line makes it ten.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var events = smoke ? 20_000 : Environment.GetCommandLineArgs().Contains("--long") ? 10_000_000 : 1_000_000;
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        try
        {
            await using var sandbox = await PortalApp.StartSandboxAsync(directory);
            // A first start makes the schema, the catalog and the policies.
            await using (await PortalApp.StartAsync(sandbox, directory))
            {
            }

            SqliteConnection.ClearAllPools();
            PortalSeed.Fill(PortalApp.DatabaseIn(directory), new SeedPlan(events / EventsPerRequest));
            await using var portal = await PortalApp.StartAsync(sandbox, directory);
            Report.Line($"{await portal.ReadAsync(db => db.AuditEvents.LongCountAsync()):N0} events.");
            await FiltersAsync(portal, smoke ? 5 : 60);
            await RestAsync(portal, smoke ? 1 : 5);
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task FiltersAsync(PortalApp portal, int runs)
    {
        Report.Row("filter", "events", "first page p50 ms", "last page p50 ms", "last ÷ first", "first page bare", "portal ÷ bare", "count p50 ms");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---");
        foreach (var (name, filter) in await FiltersOfAsync(portal))
        {
            var (first, last, bare, counts) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
            var statement = await StatementAsync(portal, filter);
            var count = new CappedCount(0, false);
            for (var run = -5; run < runs; run++)
            {
                var times = (
                    First: await TimeAsync(() => UseAsync<ListAuditEvents>(portal, list => list.ExecuteAsync(new AuditListQuery(filter), Auditor, default))),
                    Last: await TimeAsync(() => UseAsync<ListAuditEvents>(portal, list => list.ExecuteAsync(new AuditListQuery(filter) { Earliest = true }, Auditor, default))),
                    Bare: await TimeAsync(() => RunBareAsync(portal, statement)),
                    Count: await TimeAsync(async () => count = (await UseAsync<CountAuditEvents, Result<CappedCount>>(portal, c => c.ExecuteAsync(filter, Auditor, default))).Value));
                if (run < 0)
                    continue;
                first.Add(times.First);
                last.Add(times.Last);
                bare.Add(times.Bare);
                counts.Add(times.Count);
            }

            var (one, other) = (Report.Median(first), Report.Median(last));
            Report.Row(name, $"{count.Events:N0}{(count.AndMore ? "+" : "")}", Report.Text(one), Report.Text(other), Report.Text(other / one), Report.Text(Report.Median(bare)), Report.Text(one / Report.Median(bare)), Report.Text(Report.Median(counts)));
        }
    }

    private static async Task<List<(string Name, AuditFilter Filter)>> FiltersOfAsync(PortalApp portal)
    {
        var now = TimeProvider.System.GetUtcNow();
        var (from, to) = (now.AddDays(-366), now.AddDays(-365));
        var some = await portal.ReadAsync(db => db.AuditEvents.Where(e => e.Code == AuditCode.RequestSubmitted.Value && e.At >= from).OrderBy(e => e.At).FirstAsync());
        var (vault, secret, reference, code) = (some.VaultName!, some.SecretName!, some.RequestReference!, AuditCode.RequestDenied.Value);
        return
        [
            ("none", new AuditFilter()),
            ("a day, a year ago", new AuditFilter { From = from, To = to }),
            ("person", new AuditFilter { PersonObjectId = FenwickCompany.Mira }),
            ("vault", new AuditFilter { VaultName = vault }),
            ("secret", new AuditFilter { SecretName = secret }),
            ("action", new AuditFilter { Code = code }),
            ("request", new AuditFilter { RequestReference = reference }),
            ("vault and action", new AuditFilter { VaultName = vault, Code = code }),
            ("person, secret and action", new AuditFilter { PersonObjectId = FenwickCompany.Mira, SecretName = secret, Code = code }),
            ("search: a word in all (`secrets`)", new AuditFilter { Text = "secrets" }),
            ("search: two words (`declines card`)", new AuditFilter { Text = "declines card" }),
            ("search: one event's word", new AuditFilter { Text = reference }),
            ("search: words that never meet", new AuditFilter { Text = "expired herrera" }),
            ("search, vault, person, a month", new AuditFilter { Text = "card", VaultName = vault, PersonObjectId = FenwickCompany.Mira, From = from, To = from.AddDays(30) }),
            ("search and action", new AuditFilter { Text = "engineer", Code = code }),
        ];
    }

    /// <summary>The statement of a first page, as the portal sends it.</summary>
    private static async Task<(string Sql, List<(string Name, object? Value)> Parameters)> StatementAsync(PortalApp portal, AuditFilter filter)
    {
        using var ear = new Ear();
        await UseAsync<ListAuditEvents>(portal, list => list.ExecuteAsync(new AuditListQuery(filter), Auditor, default));
        return ear.Heard ?? throw new InvalidOperationException("The list sent no statement.");
    }

    private static async Task RunBareAsync(PortalApp portal, (string Sql, List<(string Name, object? Value)> Parameters) statement)
    {
        await using var db = await portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await db.Database.OpenConnectionAsync();
        await using var command = (SqliteCommand)db.Database.GetDbConnection().CreateCommand();
        command.CommandText = statement.Sql;
        foreach (var (name, value) in statement.Parameters)
            command.Parameters.AddWithValue(name, value);
        await using var reader = await command.ExecuteReaderAsync();
        while (reader.Read())
            for (var column = 0; column < reader.FieldCount; column++)
                reader.GetValue(column);
    }

    private static async Task RestAsync(PortalApp portal, int runs)
    {
        var now = TimeProvider.System.GetUtcNow();
        var (month, always) = (new AuditPeriod(now.AddDays(-30), now), new AuditPeriod(now.AddYears(-10), now.AddDays(1)));
        var some = await portal.ReadAsync(db => db.AuditEvents.Where(e => e.Code == AuditCode.GrantActivated.Value).OrderBy(e => e.At).FirstAsync());
        (string Name, Func<AuditPeriod, Task> Ask)[] questions =
        [
            ("who had access to a secret", p => UseAsync<WhoHadAccess>(portal, q => q.ExecuteAsync(new AccessQuestion(some.VaultName, some.SecretName, p), Auditor, default))),
            ("what a person held", p => UseAsync<WhatWasHeld>(portal, q => q.ExecuteAsync(new HoldingQuestion(FenwickCompany.Mira, p), Auditor, default))),
            ("who approved whom", p => UseAsync<WhoApprovedWhom>(portal, q => q.ExecuteAsync(new ApprovalQuestion(null, p), Auditor, default))),
            ("granted and never used", p => UseAsync<WhatWasNeverUsed>(portal, q => q.ExecuteAsync(p, Auditor, default))),
            ("around the rules", p => UseAsync<WhatWentAroundTheRules>(portal, q => q.ExecuteAsync(p, Auditor, default))),
            ("what administrators changed", p => UseAsync<WhatAdministratorsChanged>(portal, q => q.ExecuteAsync(p, Auditor, default))),
            ("charts", p => UseAsync<ChartAuditEvents>(portal, q => q.ExecuteAsync(new ChartQuery(new AuditFilter { From = p.From, To = p.To }, TimeZoneInfo.Utc), Auditor, default))),
        ];
        Report.Line("");
        Report.Row("question", "30 days, p50 ms", "all of the trail, p50 ms");
        Report.Row("---", "---", "---");
        foreach (var (name, ask) in questions)
        {
            await ask(month);
            Report.Row(name, Report.Text(await MedianAsync(ask, month, runs * 3)), Report.Text(await MedianAsync(ask, always, runs)));
        }
    }

    private static async Task<double> MedianAsync(Func<AuditPeriod, Task> ask, AuditPeriod period, int runs)
    {
        var times = new List<double>();
        for (var run = 0; run < runs; run++)
            times.Add(await TimeAsync(() => ask(period)));
        return Report.Median(times);
    }

    private static async Task<double> TimeAsync(Func<Task> act)
    {
        var start = Stopwatch.GetTimestamp();
        await act();
        return Report.Since(start);
    }

    private static async Task UseAsync<T>(PortalApp portal, Func<T, Task> use) where T : notnull
    {
        await using var scope = portal.Services.CreateAsyncScope();
        await use(scope.ServiceProvider.GetRequiredService<T>());
    }

    private static async Task<TResult> UseAsync<T, TResult>(PortalApp portal, Func<T, Task<TResult>> use) where T : notnull
    {
        await using var scope = portal.Services.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<T>());
    }

    /// <summary>Hears the last statement about the audit trail that Entity Framework sends from this flow of control.</summary>
    private sealed class Ear : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly AsyncLocal<bool> _mine = new() { Value = true };
        private readonly List<IDisposable> _subscriptions = [];

        public Ear() => _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

        public (string Sql, List<(string Name, object? Value)> Parameters)? Heard { get; private set; }

        public void OnNext(DiagnosticListener listener)
        {
            if (listener.Name == DbLoggerCategory.Name)
                _subscriptions.Add(listener.Subscribe(this));
        }

        public void OnNext(KeyValuePair<string, object?> happened)
        {
            if (_mine.Value && happened.Value is CommandEventData { Command: SqliteCommand command } && command.CommandText.Contains("AuditEvents", StringComparison.Ordinal))
                Heard = (command.CommandText, [.. command.Parameters.Cast<SqliteParameter>().Select(p => (p.ParameterName, p.Value))]);
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void Dispose() => _subscriptions.ForEach(s => s.Dispose());
    }
}
