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
                var silences = 0;
                foreach (var vault in lane)
                {
                    if (silences >= MostSilences)
                    {
                        failed(vault, silence!);
                        continue;
                    }

                    try
                    {
                        await LookAsync(vault, look, clock, token);
                        silences = 0;
                    }
                    catch (CloudCallException fault)
                    {
                        // No answer at all costs its whole time limit each time.
                        silences = fault.Status is null ? silences + 1 : 0;
                        silence = fault;
                        failed(vault, fault);
                    }
                }
            });

    // Reads have an allowance of their own: waiting takes nothing from what gives and takes back.
    private static async Task LookAsync(CatalogVault vault, Func<CatalogVault, CancellationToken, Task> look, TimeProvider clock, CancellationToken ct)
    {
        for (var waits = 0; ; waits++)
        {
            try
            {
                await look(vault, ct);
                return;
            }
            catch (CloudCallException fault) when (fault.Status == 429 && waits < MostWaits)
            {
                var asked = fault.RetryAfter ?? TimeSpan.FromSeconds(5);
                await Task.Delay(asked < LongestWait ? asked : LongestWait, clock, ct);
            }
        }
    }
}
