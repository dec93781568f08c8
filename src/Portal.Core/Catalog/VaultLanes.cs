namespace Portal.Core.Catalog;

/// <summary>A vault to look at.</summary>
/// <param name="ArmId">Its ARM id.</param>
/// <param name="Name">Its name.</param>
public sealed record CatalogVault(string ArmId, string Name);

/// <summary>Goes through vaults one after another in each subscription, subscriptions side by side: a sick one holds up no other, and is left after a few silences.</summary>
internal static class VaultLanes
{
    private const int MostLanes = 8;
    private const int MostSilences = 3;
    private const int MostWaits = 5;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>Goes through them.</summary>
    /// <param name="vaults">In any order.</param>
    /// <param name="look">Looks at one.</param>
    /// <param name="failed">Told of each that could not be looked at to the end.</param>
    /// <param name="clock">Waits by it.</param>
    /// <param name="ct">Cancels.</param>
    public static Task RunAsync(IEnumerable<CatalogVault> vaults, Func<CatalogVault, CancellationToken, Task> look, Action<CatalogVault, CloudCallException> failed, TimeProvider clock, CancellationToken ct) =>
        RunAsync(vaults.GroupBy(v => ArmId.SubscriptionOf(v.ArmId), StringComparer.OrdinalIgnoreCase), look, failed, clock, ct);

    /// <summary>Goes through them side by side, each by itself: what is asked is the vaults' own addresses, of which one says nothing of another.</summary>
    /// <param name="vaults">In any order.</param>
    /// <param name="look">Looks at one.</param>
    /// <param name="failed">Told of each that could not be looked at to the end.</param>
    /// <param name="clock">Waits by it.</param>
    /// <param name="ct">Cancels.</param>
    public static Task RunEachAsync(IEnumerable<CatalogVault> vaults, Func<CatalogVault, CancellationToken, Task> look, Action<CatalogVault, CloudCallException> failed, TimeProvider clock, CancellationToken ct) =>
        RunAsync(vaults.Select(vault => new[] { vault }), look, failed, clock, ct);

    private static Task RunAsync(IEnumerable<IEnumerable<CatalogVault>> lanes, Func<CatalogVault, CancellationToken, Task> look, Action<CatalogVault, CloudCallException> failed, TimeProvider clock, CancellationToken ct) =>
        Parallel.ForEachAsync(
            lanes,
            new ParallelOptions { MaxDegreeOfParallelism = MostLanes, CancellationToken = ct },
            async (lane, token) =>
            {
                CloudCallException? silence = null;
                var (silences, waits) = (0, new Waits());
                foreach (var vault in lane)
                {
                    if (silences >= MostSilences)
                    {
                        failed(vault, silence!);
                        continue;
                    }

                    try
                    {
                        await LookAsync(vault, look, waits, clock, token);
                        (silences, waits) = (0, new Waits());
                    }
                    catch (CloudCallException fault)
                    {
                        // No answer at all costs its whole time limit each time.
                        silences = IsSilence(fault) ? silences + 1 : 0;
                        silence = fault;
                        failed(vault, fault);
                    }
                }
            });

    /// <summary>Whether a fault says that nobody answers. What the portal's own pacing held back was not asked.</summary>
    public static bool IsSilence(CloudCallException fault) => fault.Status is null && fault.Code != AttentionCode.CallsPaced;

    // Reads have an allowance of their own: waiting takes nothing from what gives and takes back.
    private static async Task LookAsync(CatalogVault vault, Func<CatalogVault, CancellationToken, Task> look, Waits waits, TimeProvider clock, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await look(vault, ct);
                return;
            }
            catch (CloudCallException fault) when ((fault.Status == 429 || fault.Code == AttentionCode.CallsPaced) && waits.Count < MostWaits)
            {
                waits.Count++;
                var asked = fault.RetryAfter ?? TimeSpan.FromSeconds(5);
                await Task.Delay(asked < LongestWait ? asked : LongestWait, clock, ct);
            }
        }
    }

    // A lane's since the last vault that was looked at to the end: a subscription that asks for an hour must not hold up the others' comparison for so long at each of its vaults. After these it is asked without waiting, which pacing answers at once.
    private sealed class Waits
    {
        public int Count { get; set; }
    }
}
