using Portal.Benchmarks.Actions;
using Portal.Benchmarks.Audit;
using Portal.Benchmarks.Engine;
using Portal.Benchmarks.World;

namespace Portal.Benchmarks;

/// <summary>Measures what its first argument names.</summary>
internal static class Entry
{
    private static readonly Dictionary<string, Func<bool, Task>> All = new(StringComparer.Ordinal)
    {
        ["first-byte"] = FirstByte.RunAsync,
        ["latency"] = Latency.RunAsync,
        ["start"] = StartUp.RunAsync,
        ["circuits"] = Circuits.RunAsync,
        ["clicks"] = Clicks.RunAsync,
        ["audit-filters"] = AuditFilters.RunAsync,
        ["empty-poll"] = EmptyPoll.RunAsync,
        ["expiry-storm"] = ExpiryStorm.RunAsync,
        ["expiry-storm-small"] = ExpiryStorm.RunSmallAsync,
        ["token-bucket"] = Throttled.OneSubscriptionAsync,
        ["three-subscriptions"] = Throttled.ThreeSubscriptionsAsync,
        ["black-hole"] = BlackHole.RunAsync,
        ["start-overdue"] = StartOverdue.RunAsync,
        ["export"] = ExportRate.RunAsync,
        ["verify"] = VerifyRate.RunAsync,
        ["sealing"] = SealingRate.RunAsync,
        ["proof"] = ProofCost.RunAsync,
        ["audited-action"] = ActionRate.RunAsync,
    };

    private static async Task<int> Main(string[] args)
    {
        var name = args.FirstOrDefault(a => !a.StartsWith("--", StringComparison.Ordinal));
        if (name == HostProcess.Name)
            return await HostProcess.ServeAsync();
        if (name is null || !All.TryGetValue(name, out var run))
        {
            Console.Error.WriteLine($"Say what to measure: {string.Join(", ", All.Keys)}. With --smoke it takes seconds and its figures mean nothing.");
            return 2;
        }

        Report.Machine();
        await run(args.Contains("--smoke"));
        Report.Machine();
        return 0;
    }
}
