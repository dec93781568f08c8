namespace Portal.Sandbox.Control;

/// <summary>The classes of calls that are counted apart.</summary>
public enum VerbClass
{
    /// <summary>GET and HEAD.</summary>
    Reads,

    /// <summary>PUT, POST and PATCH.</summary>
    Writes,

    /// <summary>DELETE.</summary>
    Deletes,
}

/// <summary>How big a token bucket is.</summary>
/// <param name="Capacity">Calls at once.</param>
/// <param name="PerSecond">Calls that come back each second.</param>
public readonly record struct BucketSize(int Capacity, double PerSecond);

/// <summary>
/// Azure's token buckets, on the sandbox's clock: per subscription, caller and class of calls, and fifteen times that for a subscription
/// as a whole. Off at the start. Figures are Azure's published ones for Resource Manager and Key Vault.
/// </summary>
public sealed class ThrottlePlan
{
    private const int SubscriptionFactor = 15;
    private readonly SandboxClock _clock;
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Place, Guid Caller, VerbClass Verb), Bucket> _buckets = [];

    internal ThrottlePlan(SandboxClock clock) => _clock = clock;

    /// <summary>Whether Resource Manager refuses calls beyond its buckets.</summary>
    public bool ResourceManager { get; set; }

    /// <summary>Whether Key Vault refuses calls beyond 4,000 per vault in ten seconds.</summary>
    public bool KeyVault { get; set; }

    /// <summary>Bucket for reads.</summary>
    public BucketSize Reads { get; set; } = new(250, 25);

    /// <summary>Bucket for writes.</summary>
    public BucketSize Writes { get; set; } = new(200, 10);

    /// <summary>Bucket for deletes.</summary>
    public BucketSize Deletes { get; set; } = new(200, 10);

    /// <summary>Bucket of one vault.</summary>
    public BucketSize Vault { get; set; } = new(4000, 400);

    /// <summary>Seconds of refill that calling too early can cost at most.</summary>
    public int PenaltySeconds { get; set; } = 5;

    /// <summary>Fills all buckets.</summary>
    public void Reset()
    {
        lock (_gate) _buckets.Clear();
    }

    internal ThrottleAnswer TakeResourceManager(Guid? subscription, Guid caller, VerbClass verb)
    {
        var size = SizeOf(verb);
        if (!ResourceManager) return new ThrottleAnswer(size.Capacity - 1, 0);
        var place = subscription?.ToString() ?? "tenant";
        lock (_gate)
        {
            var own = Take((place, caller, verb), size);
            if (own.RetryAfter > 0) return own;
            var whole = Take((place, Guid.Empty, verb), new BucketSize(size.Capacity * SubscriptionFactor, size.PerSecond * SubscriptionFactor));
            return whole.RetryAfter > 0 ? whole : own;
        }
    }

    internal ThrottleAnswer TakeVault(string vault)
    {
        if (!KeyVault) return new ThrottleAnswer(Vault.Capacity, 0);
        lock (_gate) return Take(("vault:" + vault.ToUpperInvariant(), Guid.Empty, VerbClass.Reads), Vault);
    }

    private BucketSize SizeOf(VerbClass verb) => verb switch
    {
        VerbClass.Reads => Reads,
        VerbClass.Writes => Writes,
        VerbClass.Deletes => Deletes,
    };

    private ThrottleAnswer Take((string, Guid, VerbClass) key, BucketSize size)
    {
        var now = _clock.GetUtcNow();
        if (!_buckets.TryGetValue(key, out var bucket)) bucket = _buckets[key] = new Bucket { Tokens = size.Capacity, At = now };
        bucket.Tokens = Math.Min(size.Capacity, bucket.Tokens + (now - bucket.At).TotalSeconds * size.PerSecond);
        bucket.At = now;
        if (bucket.Tokens >= 1)
        {
            bucket.Tokens--;
            return new ThrottleAnswer((int)bucket.Tokens, 0);
        }

        // A call that comes too early is counted as well, so that hammering makes the wait longer.
        bucket.Tokens = Math.Max(bucket.Tokens - 1, -size.PerSecond * PenaltySeconds);
        return new ThrottleAnswer(0, (int)Math.Max(1, Math.Ceiling((1 - bucket.Tokens) / size.PerSecond)));
    }

    private sealed class Bucket
    {
        public double Tokens { get; set; }

        public DateTimeOffset At { get; set; }
    }
}

/// <summary>What a bucket says.</summary>
/// <param name="Remaining">Calls left.</param>
/// <param name="RetryAfter">Seconds to wait when the call is refused; 0 when it may go on.</param>
internal readonly record struct ThrottleAnswer(int Remaining, int RetryAfter);
