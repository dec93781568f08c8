using System.Diagnostics;
using System.Globalization;
using Portal.Benchmarks.World;

namespace Portal.Benchmarks.Audit;

/// <summary>How fast the sealer gives events their places that wait, as after a pause of it; then how far behind it stays while events keep coming. The bound is SHA-256 of the same bytes on one core.</summary>
internal static class SealingRate
{
    private const int Rounds = 3;

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var round = smoke ? 5_000 : 200_000;
        await using (var stage = await AuditStage.OnSqliteAsync(((Rounds + 1) * round) + SealingLag.Written(smoke), sealing: false))
            await MeasureAsync(stage, sqlite: true, round, smoke);
        if (Environment.GetEnvironmentVariable(ExportRate.ServerVariable) is not { Length: > 0 } server)
        {
            Report.Line($"PostgreSQL is left out: {ExportRate.ServerVariable} is not set.");
            return;
        }

        await using (var stage = await AuditStage.OnPostgreSqlAsync(server, ((Rounds + 1) * round) + SealingLag.Written(smoke), sealing: false))
            await MeasureAsync(stage, sqlite: false, round, smoke);
    }

    private static async Task MeasureAsync(AuditStage stage, bool sqlite, int round, bool smoke)
    {
        var bytes = await SealedBytes.OfAsync(stage);
        var (bounds, seals, own) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i <= Rounds; i++)
        {
            var bound = bytes.Hash(round);
            await stage.RunAsync(EventSql.Wait(sqlite, (i * round) + 1, round));
            var (start, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var all = await stage.SealAsync();
            var time = Report.Since(start);
            if (all != round)
                throw new InvalidOperationException($"{all} events were sealed of {round}.");
            if (i == 0)
                continue;
            bounds.Add(bound);
            seals.Add(time);
            own.Add((Environment.CpuUsage.TotalTime - used).TotalMicroseconds / round);
        }

        var (most, real) = (round / Report.Median(bounds), round / Report.Median(seals));
        Report.Line("");
        Report.Row("database", "events that wait", "bound, krows/s", "sealed, krows/s", "ratio", "processor, µs each");
        Report.Row("---", "---", "---", "---", "---", "---");
        Report.Row(sqlite ? "SQLite" : "PostgreSQL", round.ToString("N0", CultureInfo.InvariantCulture), Report.Text(most), Report.Text(real), (real / most).ToString("0.000", CultureInfo.InvariantCulture), Report.Text(Report.Median(own)));
        Report.Line("");
        await SealingLag.OfWrittenAsync(stage, sqlite, (Rounds + 1) * round, smoke);
        Report.Line("");
        await SealingLag.MeasureAsync(stage, sqlite, ((Rounds + 1) * round) + SealingLag.Written(smoke), smoke);
        Report.Line("");
    }
}
