using System.Diagnostics;
using System.Globalization;

namespace Portal.Benchmarks.World;

/// <summary>Figures as text, and the few statistics that they need.</summary>
internal static class Report
{
    /// <summary>Says on what machine this runs and how busy it is: a figure without that says little.</summary>
    public static void Machine()
    {
        var load = File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";
        Line($"{Environment.ProcessorCount} cores, load average {load}, .NET {Environment.Version}");
    }

    /// <summary>Writes a line.</summary>
    public static void Line(string text) => Console.WriteLine(text);

    /// <summary>Writes a row of a Markdown table.</summary>
    public static void Row(params ReadOnlySpan<string> cells) => Console.WriteLine($"| {string.Join(" | ", cells.ToArray())} |");

    /// <summary>The value that a share of the samples does not exceed (nearest rank).</summary>
    public static double Percentile(IEnumerable<double> samples, double share)
    {
        var sorted = samples.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
    }

    /// <summary>The middle one of the samples.</summary>
    public static double Median(IEnumerable<double> samples) => Percentile(samples, 0.5);

    /// <summary>A number with as many places as it deserves.</summary>
    public static string Text(double value) => value.ToString(value < 10 ? "0.00" : value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);

    /// <summary>Milliseconds since a timestamp of <see cref="Stopwatch"/>.</summary>
    public static double Since(long timestamp) => Stopwatch.GetElapsedTime(timestamp).TotalMilliseconds;
}
