namespace Portal.Core;

/// <summary>How long to wait after a failed call. Retries never end.</summary>
public static class RetryDelay
{
    /// <summary>The longest wait of our own choosing.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    /// <summary>The longest wait of the provider's choosing: a provider that asks for more is asked again.</summary>
    public static readonly TimeSpan LongestAsked = TimeSpan.FromHours(1);

    /// <summary>Doubles from two seconds up to <see cref="Longest"/>, with up to a fifth of jitter, and never less than the provider asks for (<see cref="LongestAsked"/> at most).</summary>
    /// <param name="attempts">Failed calls in a row, from 1.</param>
    /// <param name="retryAfter">What the provider asks for; null when it does not say.</param>
    /// <param name="jitter">From 0 to 1; passed in so that tests decide.</param>
    public static TimeSpan After(int attempts, TimeSpan? retryAfter, double jitter)
    {
        var exponent = Math.Clamp(attempts - 1, 0, 9);
        var own = TimeSpan.FromSeconds(Math.Min(2 * Math.Pow(2, exponent), Longest.TotalSeconds)) * (0.8 + (0.2 * Math.Clamp(jitter, 0, 1)));
        if (retryAfter is not { } asked || asked <= own)
            return own;
        return asked < LongestAsked ? asked : LongestAsked;
    }
}
