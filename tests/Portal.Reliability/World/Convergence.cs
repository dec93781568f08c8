namespace Portal.Reliability.World;

/// <summary>Waits until what stands in the cloud is what was approved and the portal has nothing left to do.</summary>
internal static class Convergence
{
    /// <summary>How long it may take.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    /// <returns>How long it took.</returns>
    /// <exception cref="TimeoutException">It took longer than a minute.</exception>
    public static async Task<TimeSpan> OfAsync(Lane lane, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!lane.IsAsApproved() || !await lane.IsSettledAsync())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Within)
                throw new TimeoutException($"Within {Within.TotalSeconds} s it was not so that {what}. Standing: {string.Join("; ", lane.Standing().Select(a => $"{a.Name} {a.Description}"))}");
            await Task.Delay(50);
        }

        return TimeProvider.System.GetElapsedTime(began);
    }
}
