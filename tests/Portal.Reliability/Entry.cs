using System.Globalization;
using Portal.Reliability.Worker;

namespace Portal.Reliability;

/// <summary>Runs what its first argument names. Ends with 0 when all held, 1 when something was broken, 2 when it was not understood.</summary>
internal static class Entry
{
    private const string Usage = """
        kill --kills 300 --seed 1 --database sqlite|postgres [--lanes 6]
            kills workers and compares what is left in the cloud with what was approved
        two --rounds 200 --seed 1 [--lanes 8]
            two workers on one PostgreSQL database, of which one is frozen or cut off in each round
        PostgreSQL needs PORTAL_TEST_POSTGRES: the connection string of a server where databases may be made.
        """;

    private static async Task<int> Main(string[] args)
    {
        switch (args.FirstOrDefault())
        {
            case WorkerProcess.Name:
                return await WorkerProcess.RunAsync();
            case "kill" when Options.Read(args) is { } o:
                var order = new KillOrder(o.Number("kills", 300), o.Number("seed", 1), o.Text("database", WorkerSettings.Sqlite), o.Number("lanes", 6));
                return await new KillRun(order).RunAsync() ? 0 : 1;
            case "two" when Options.Read(args) is { } o:
                return await new TwoInstancesRun(new TwoInstancesOrder(o.Number("rounds", 200), o.Number("seed", 1), o.Number("lanes", 8))).RunAsync() ? 0 : 1;
            default:
                await Console.Error.WriteLineAsync(Usage);
                return 2;
        }
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
