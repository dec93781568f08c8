using System.Globalization;
using System.Text.Json;

namespace Portal.Reliability;

/// <summary>What came of one run, as a line of a file of results. Runs of different seeds can be summed.</summary>
internal sealed record RunResult
{
    /// <summary><c>kill</c> or <c>two</c>.</summary>
    public required string Kind { get; init; }

    /// <summary><c>sqlite</c> or <c>postgres</c>.</summary>
    public required string Database { get; init; }

    public required int Seed { get; init; }

    /// <summary>Kills, or rounds.</summary>
    public required int Trials { get; init; }

    /// <summary>How often at which named point, or of which kind the outage was.</summary>
    public required SortedDictionary<string, int> Points { get; init; }

    public required int Grants { get; init; }

    /// <summary>What was broken, by kind; all 0 when everything held.</summary>
    public required SortedDictionary<string, int> Violations { get; init; }

    /// <summary>The slowest convergence, or taking over, in seconds.</summary>
    public required double Slowest { get; init; }

    /// <summary>How long the run took.</summary>
    public required double Seconds { get; init; }

    /// <summary>Whether nothing was broken.</summary>
    public bool Held => Violations.Values.All(count => count == 0);

    /// <summary>The violations in words.</summary>
    public string Told => Tell(Violations);

    /// <summary>Adds the result to a file.</summary>
    public void Append(string file) => File.AppendAllText(file, JsonSerializer.Serialize(this) + Environment.NewLine);

    /// <summary>All results of a file; none when it is not there.</summary>
    public static IReadOnlyList<RunResult> Read(string file) =>
        File.Exists(file) ? [.. File.ReadLines(file).Where(line => line.Length > 0).Select(line => JsonSerializer.Deserialize<RunResult>(line)!)] : [];

    /// <summary>Adds up the results of each kind and database.</summary>
    /// <returns>A line for each, with what 0 violations say at 95 % confidence.</returns>
    public static IEnumerable<string> Sum(IEnumerable<RunResult> results)
    {
        foreach (var group in results.GroupBy(r => (r.Kind, r.Database)).OrderBy(g => g.Key))
        {
            var trials = group.Sum(r => r.Trials);
            var counts = Added(group.Select(r => r.Violations));
            var broken = counts.Values.Sum();
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{group.Key.Kind} {group.Key.Database}: {trials} in {group.Count()} runs of seeds {group.Min(r => r.Seed)} to {group.Max(r => r.Seed)} ({Tell(Added(group.Select(r => r.Points)))}), {group.Sum(r => r.Grants)} grants, {TimeSpan.FromSeconds(group.Sum(r => r.Seconds)):h\\:mm\\:ss}; {Tell(counts)}; slowest {group.Max(r => r.Slowest):0.0} s; {(broken == 0 ? $"0 in {trials}: below {3.0 / trials:0.####%} at 95 %" : "BROKEN")}");
        }
    }

    private static SortedDictionary<string, int> Added(IEnumerable<SortedDictionary<string, int>> all)
    {
        var sum = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (key, count) in all.SelectMany(one => one))
            sum[key] = sum.GetValueOrDefault(key) + count;
        return sum;
    }

    private static string Tell(SortedDictionary<string, int> counts) => string.Join(", ", counts.Select(c => $"{c.Key} {c.Value}"));
}
