using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Portal.Benchmarks.Seeding;
using Portal.Benchmarks.World;
using Portal.Core.Requests;
using Portal.Sandbox;
using Portal.Sandbox.Company;

namespace Portal.Benchmarks;

/// <summary>Time to first byte of each page, with few and with many requests in the database. Two portals run side by side and take turns, so that a busy machine is busy for both.</summary>
internal static class FirstByte
{
    private const int WarmUps = 5;
    private static readonly TimeSpan LongestPerPage = TimeSpan.FromSeconds(20);

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        try
        {
            await using var sandbox = await PortalApp.StartSandboxAsync(directory);
            var few = await SeededAsync(sandbox, Path.Combine(directory, "few"), new SeedPlan(smoke ? 1_000 : 10_000));
            var many = await SeededAsync(sandbox, Path.Combine(directory, "many"), new SeedPlan(smoke ? 3_000 : 1_000_000));
            await using (few)
            await using (many)
                await CompareAsync(few, many, smoke ? 3 : 40);
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<PortalApp> SeededAsync(SandboxHost sandbox, string directory, SeedPlan plan)
    {
        // A first start makes the schema, the catalog and the policies.
        await using (await PortalApp.StartAsync(sandbox, directory))
        {
        }

        SqliteConnection.ClearAllPools();
        PortalSeed.Fill(PortalApp.DatabaseIn(directory), plan);
        return await PortalApp.StartAsync(sandbox, directory);
    }

    private static async Task CompareAsync(PortalApp few, PortalApp many, int rounds)
    {
        Report.Row("page", "as", "few, p50 ms", "many, p50 ms", "ratio", "few, p95", "many, p95");
        Report.Row("---", "---", "---", "---", "---", "---", "---");
        foreach (var group in (await PagesAsync(few)).Zip(await PagesAsync(many)).GroupBy(pair => pair.First.Person))
        {
            using var one = await Reader.SignInAsync(few.Address, group.Key.Id);
            using var other = await Reader.SignInAsync(many.Address, group.Key.Id);
            foreach (var (first, second) in group)
            {
                var (before, after) = await TakeTurnsAsync(() => one.FirstByteAsync(first.Address), () => other.FirstByteAsync(second.Address), rounds);
                Report.Row($"`{first.Shown}`", group.Key.Name, Report.Text(Report.Median(before)), Report.Text(Report.Median(after)), Report.Text(Report.Median(after) / Report.Median(before)),
                    Report.Text(Report.Percentile(before, 0.95)), Report.Text(Report.Percentile(after, 0.95)));
            }
        }
    }

    private static async Task<(List<double> Before, List<double> After)> TakeTurnsAsync(Func<Task<double>> one, Func<Task<double>> other, int rounds)
    {
        var (before, after) = (new List<double>(), new List<double>());
        for (var round = -WarmUps; round < rounds; round++)
        {
            var (few, many) = (await one(), await other());
            if (round < 0)
                continue;
            before.Add(few);
            after.Add(many);
            if (after.Sum() > LongestPerPage.TotalMilliseconds)
                break;
        }

        return (before, after);
    }

    /// <summary>The pages, in an order that is the same for every portal. Those that name a request name one of the portal's own.</summary>
    private static async Task<List<PageToAsk>> PagesAsync(PortalApp portal)
    {
        var mira = new Asker(FenwickCompany.Mira, "Mira");
        var priya = new Asker(FenwickCompany.Priya, "Priya");
        var tomas = new Asker(FenwickCompany.Tomas, "Tomás");
        var ingrid = new Asker(FenwickCompany.Ingrid, "Ingrid");
        // From the middle of what there is: neither the newest nor the oldest.
        var own = await portal.ReadAsync(async db =>
        {
            var approved = db.AccessRequests.Where(r => r.RequesterObjectId == FenwickCompany.Mira && r.State == RequestState.Approved);
            return await approved.OrderBy(r => r.Id).Skip(await approved.CountAsync() / 2).Select(r => r.Reference).FirstAsync();
        });
        var waiting = await portal.ReadAsync(db => db.AccessRequests
            .Where(r => r.State == RequestState.Pending && r.PolicyName.StartsWith("payments") && r.RequesterObjectId != FenwickCompany.Priya).Select(r => r.Reference).FirstAsync());
        var secret = await portal.ReadAsync(db => db.Secrets.Where(s => s.ArmId.Contains("/kv-payments-test/") && s.Enabled && s.DeletedAt == null).OrderBy(s => s.Name).Select(s => s.Name).FirstAsync());
        var days = TimeProvider.System.GetUtcNow().AddDays(-SeedPlan.Days / 2);
        var range = $"from={days:yyyy-MM-dd}&to={days.AddDays(1):yyyy-MM-dd}";
        return
        [
            new(mira, "/"), new(mira, "/catalog"), new(mira, $"/catalog/kv-payments-test/{secret}", "/catalog/kv-payments-test/…"), new(mira, "/requests"), new(mira, "/requests?state=pending"), new(mira, "/requests?state=lapsed"),
            new(mira, $"/requests/{own}", "/requests/R-… (own)"), new(mira, "/grants"), new(mira, "/grants?show=ended"), new(mira, "/policies"), new(mira, "/audit", "/audit (own history)"),
            new(priya, "/"), new(priya, "/approvals"), new(priya, $"/requests/{waiting}", "/requests/R-… (to decide)"),
            new(tomas, "/"), new(tomas, "/requests?of=everyone"), new(tomas, "/requests?of=everyone&state=pending"), new(tomas, "/requests?of=everyone&state=lapsed"),
            new(tomas, "/grants?of=everyone"), new(tomas, "/grants?of=everyone&show=ended"),
            new(ingrid, "/audit"), new(ingrid, $"/audit?person={FenwickCompany.Mira}", "/audit?person=…"), new(ingrid, "/audit?vault=kv-payments-prod"), new(ingrid, "/audit?code=request.denied"),
            new(ingrid, $"/audit?request={own}", "/audit?request=R-…"), new(ingrid, $"/audit?{range}", "/audit?from=…&to=… (a day, a year ago)"),
            new(ingrid, $"/audit?{range}&person={FenwickCompany.Mira}", "/audit?from=…&to=…&person=…"), new(ingrid, $"/audit?{range}&code=request.denied", "/audit?from=…&to=…&code=…"),
        ];
    }

    private sealed record Asker(Guid Id, string Name);

    private sealed record PageToAsk(Asker Person, string Address, string? Label = null)
    {
        public string Shown => Label ?? Address;
    }
}
