using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.World;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Sandbox.Company;
using Portal.Web.Layout;

namespace Portal.Benchmarks.Audit;

/// <summary>The proof that one event is in the log: by the use case, which also checks it, and through the HTTP endpoint, whose answer is what somebody keeps.</summary>
internal static class ProofCost
{
    private static readonly Actor Auditor = new(ActorKind.Person, new PrincipalId(FenwickCompany.TenantId, FenwickCompany.Ingrid), "Ingrid Vale", null, new HashSet<PortalRole> { PortalRole.Auditor }, new HashSet<Guid>()) { Confirmed = true };

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var size = smoke ? 20_000 : 1_000_000;
        await using (var stage = await AuditStage.OnSqliteAsync(size))
            await MeasureAsync("SQLite", stage, size, smoke ? 20 : 1_000);
        if (Environment.GetEnvironmentVariable(ExportRate.ServerVariable) is not { Length: > 0 } server)
        {
            Report.Line($"PostgreSQL is left out: {ExportRate.ServerVariable} is not set.");
            return;
        }

        await using (var stage = await AuditStage.OnPostgreSqlAsync(server, size))
            await MeasureAsync("PostgreSQL", stage, size, smoke ? 20 : 1_000);
    }

    private static async Task MeasureAsync(string name, AuditStage stage, int size, int count)
    {
        using var http = new HttpClient();
        var events = await EventsAsync(stage, size, count);
        var (proved, answered, bytes) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = -50; i < count; i++)
        {
            var id = events[Math.Abs(i) % count];
            var start = Stopwatch.GetTimestamp();
            await using (var scope = stage.Services.CreateAsyncScope())
            {
                var proof = (await scope.ServiceProvider.GetRequiredService<GetInclusionProof>().ExecuteAsync(new InclusionQuery(id), Auditor, CancellationToken.None)).Value;
                if (proof.State != ProofState.Verified)
                    throw new InvalidOperationException($"The event {id} is {proof.State}: {proof.Fault}");
            }

            var useCase = Report.Since(start);
            start = Stopwatch.GetTimestamp();
            var body = await http.GetByteArrayAsync($"{stage.Address}{PortalUrls.AuditProof}/{id}");
            var whole = Report.Since(start);
            if (i < 0)
                continue;
            proved.Add(useCase);
            answered.Add(whole);
            bytes.Add(body.Length);
        }

        Report.Line("");
        Report.Row("database", "events", "proved and checked, p50 ms", "p99", "over HTTP, p50 ms", "p99", "bytes, p50", "most");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---");
        Report.Row(name, size.ToString("N0", CultureInfo.InvariantCulture), Report.Text(Report.Median(proved)), Report.Text(Report.Percentile(proved, 0.99)), Report.Text(Report.Median(answered)), Report.Text(Report.Percentile(answered, 0.99)),
            Report.Text(Report.Median(bytes)), Report.Text(bytes.Max()));
    }

    // From all over the log, in no order.
    private static async Task<List<Guid>> EventsAsync(AuditStage stage, int size, int count)
    {
        await using var db = await stage.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        var events = new List<Guid>();
        for (var i = 0L; i < count; i++)
        {
            var position = i * 2_654_435_761 % size;
            events.Add(await db.AuditLeaves.Where(l => l.Position == position).Select(l => l.EventId).SingleAsync());
        }

        return events;
    }
}
