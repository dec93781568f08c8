using System.Globalization;
using Portal.Reliability.Worker;

namespace Portal.Reliability;

/// <summary>Runs what its first argument names. Ends with 0 when all held, 1 when something was broken, 2 when it was not understood.</summary>
internal static class Entry
{
    private const string Tenth = "tenth";
    private const string Production = "production";

    private const string Usage = """
        kill --kills 300 --seed 1 --database sqlite|postgres [--processes 6] [--portals 1] [--part 500] [--results FILE]
            kills processes, each of which hosts so many portals, and compares what is left in the cloud with what was approved
        two --rounds 200 --seed 1 [--pairs 8] [--portals 1] [--pace tenth|production] [--part 200] [--results FILE]
            two processes with an instance each of so many portals, of which one is frozen or cut off in each round
        sum --results FILE
            adds up what a file of results says
        PostgreSQL needs PORTAL_TEST_POSTGRES: the connection string of a server where databases may be made.
        With --results a run in parts can be broken off: each part, by its seed, is done once; the same command goes on.
        """;

    private static async Task<int> Main(string[] args)
    {
        switch (args.FirstOrDefault())
        {
            case WorkerProcess.Name:
                return await WorkerProcess.RunAsync();
            case "kill" when Options.Read(args) is { } o:
                var database = o.Text("database", WorkerSettings.Sqlite);
                var portals = o.Number("portals", 1);
                return await RunAsync(o, KillOrder.KindOf(portals), database, o.Number("kills", 300), (kills, seed) => new KillRun(new KillOrder(kills, seed, database, o.Number("processes", 6), portals)).RunAsync());
            case "two" when Options.Read(args) is { } o && o.Text("pace", Tenth) is (Tenth or Production) and var pace:
                var production = pace == Production;
                var hosted = o.Number("portals", 1);
                return await RunAsync(o, TwoInstancesOrder.KindOf(production, hosted), WorkerSettings.PostgreSql, o.Number("rounds", 200), (rounds, seed) => new TwoInstancesRun(new TwoInstancesOrder(rounds, seed, o.Number("pairs", 8), hosted, production)).RunAsync());
            case "sum" when Options.Read(args)?.Text("results", "") is { Length: > 0 } file:
                var results = RunResult.Read(file);
                foreach (var line in RunResult.Sum(results))
                    Console.WriteLine(line);
                return results.Count > 0 && results.All(r => r.Held) ? 0 : 1;
            default:
                await Console.Error.WriteLineAsync(Usage);
                return 2;
        }
    }

    /// <summary>Runs the parts that the file of results does not have yet, each with the seed after the one before.</summary>
    private static async Task<int> RunAsync(Options options, string kind, string database, int trials, Func<int, int, Task<RunResult>> run)
    {
        var file = options.Text("results", "");
        var part = Math.Min(options.Number("part", trials), trials);
        var held = true;
        for (var (seed, done) = (options.Number("seed", 1), 0); done < trials; seed++, done += part)
        {
            var before = file.Length > 0 ? RunResult.Read(file).FirstOrDefault(r => r.Kind == kind && r.Database == database && r.Seed == seed) : null;
            var result = before ?? await run(Math.Min(part, trials - done), seed);
            held &= result.Held;
            if (before is null && file.Length > 0)
                result.Append(file);
        }

        return held ? 0 : 1;
    }

    private sealed class Options(Dictionary<string, string> all)
    {
        public static Options? Read(string[] args)
        {
            if (args.Length % 2 == 0)
                return null;
            var all = new Dictionary<string, string>(StringComparer.Ordinal);
            for (var i = 1; i < args.Length; i += 2)
            {
                if (!args[i].StartsWith("--", StringComparison.Ordinal))
                    return null;
                all[args[i][2..]] = args[i + 1];
            }

            return new Options(all);
        }

        public int Number(string name, int otherwise) => all.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

        public string Text(string name, string otherwise) => all.GetValueOrDefault(name, otherwise);
    }
}
