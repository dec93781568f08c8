using System.Collections.Concurrent;

namespace Portal.Core.Grants.Pacing;

/// <summary>How fast Resource Manager may be called: a token bucket per subscription and kind of call, and of each some that are left to what takes access back, so that revocations never wait behind grants. Starts from the published limits and learns from every answer. Safe for several threads; counts by the monotonic timer.</summary>
/// <remarks>
/// Limits: reads 250 + 25/s, writes and deletes 200 + 10/s each, per subscription and calling identity
/// (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
/// The wire enforces it (<see cref="EnterAsync"/>), and work is claimed only as far as it can be served (<see cref="Room"/>).
/// For operators: <see cref="Snapshot"/>.
/// </remarks>
public sealed class CallPacing(TimeProvider clock)
{
    /// <summary>The code of a call that was not sent because its turn is too far off.</summary>
    public const string PacedCode = AttentionCode.CallsPaced;

    // Longer than this, whoever waits gives its claim back and comes again.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Lanes> _subscriptions = new(StringComparer.OrdinalIgnoreCase);
    private volatile bool _issuerSilent;

    /// <summary>How many calls of a kind may be sent now; 0 while the subscription asks to wait.</summary>
    public int Room(string subscriptionId, CallKind kind)
    {
        var lanes = Of(subscriptionId);
        lock (lanes)
            return lanes.Of(kind).Room;
    }

    /// <summary>How long until a call of a kind may be sent; zero for now.</summary>
    public TimeSpan WaitFor(string subscriptionId, CallKind kind)
    {
        var lanes = Of(subscriptionId);
        lock (lanes)
            return lanes.Of(kind).WaitFor(0);
    }

    /// <summary>Whether the last call to a subscription got no answer at all, or the issuer of tokens gave none, without which there is no call.</summary>
    public bool IsSilent(string subscriptionId) => _issuerSilent || Of(subscriptionId).Silent;

    /// <summary>The issuer of tokens was asked.</summary>
    /// <param name="answered">Whether it answered, whatever it said.</param>
    public void HearIssuer(bool answered) => _issuerSilent = !answered;

    /// <summary>How many calls of a kind are left to those that take access back: of deletes nothing else is made.</summary>
    public static int KeptForEnds(CallKind kind) => kind switch
    {
        CallKind.Read => 25,
        CallKind.Write => 10,
        CallKind.Delete => 0,
    };

    /// <summary>Waits for a call's turn, at most two seconds, and counts it as sent.</summary>
    /// <param name="subscriptionId">The subscription.</param>
    /// <param name="kind">The kind of call.</param>
    /// <param name="ct">Cancels.</param>
    /// <param name="takesBack">False for a call that leaves <see cref="KeptForEnds"/> alone: while those that take access back use them up, what comes anew is theirs first.</param>
    /// <returns>Its place among the calls of its kind: what answers say of calls left is true as of the latest place.</returns>
    /// <exception cref="CloudCallException">Its turn is further off: code <see cref="PacedCode"/>, to be tried again after what its <c>RetryAfter</c> says. Nothing was sent.</exception>
    public async Task<long> EnterAsync(string subscriptionId, CallKind kind, CancellationToken ct, bool takesBack = true)
    {
        var kept = takesBack ? 0 : KeptForEnds(kind);
        var waited = TimeSpan.Zero;
        while (true)
        {
            if (TryEnter(subscriptionId, kind, kept, out var wait) is { } place)
                return place;
            if (waited + wait > LongestWait)
                throw new CloudCallException(PacedCode, $"Resource Manager takes no more calls of this kind ({kind}) for subscription {subscriptionId} for another {wait.TotalSeconds:0.#} s; the call was not sent.", status: null, isTransient: true, wait) { WasNotSent = true };
            await Task.Delay(wait, clock, ct);
            waited += wait;
        }
    }

    /// <summary>A call that entered was answered.</summary>
    public void Answered(CallAnswer answer)
    {
        var lanes = Of(answer.SubscriptionId);
        // Whoever is answered had a token, from wherever it came.
        _issuerSilent = false;
        lock (lanes)
        {
            lanes.Silent = false;
            lanes.Of(answer.Kind).Learn(answer);
        }
    }

    /// <summary>A call that entered got no answer.</summary>
    /// <param name="subscriptionId">The subscription.</param>
    /// <param name="kind">The kind of call.</param>
    /// <param name="gaveUp">True when the caller left before an answer could be missed, which says nothing about the subscription.</param>
    public void Unanswered(string subscriptionId, CallKind kind, bool gaveUp)
    {
        var lanes = Of(subscriptionId);
        lock (lanes)
        {
            lanes.Silent |= !gaveUp;
            lanes.Of(kind).Lose();
        }
    }

    /// <summary>How each subscription that was called since the start stands now, by its id.</summary>
    public IReadOnlyList<SubscriptionPace> Snapshot()
    {
        var all = new List<SubscriptionPace>();
        foreach (var (id, lanes) in _subscriptions.OrderBy(s => s.Key, StringComparer.OrdinalIgnoreCase))
            lock (lanes)
                all.Add(new SubscriptionPace(id, lanes.Silent || _issuerSilent, lanes.Of(CallKind.Read).Show(), lanes.Of(CallKind.Write).Show(), lanes.Of(CallKind.Delete).Show()));
        return all;
    }

    private long? TryEnter(string subscriptionId, CallKind kind, int kept, out TimeSpan wait)
    {
        var lanes = Of(subscriptionId);
        lock (lanes)
        {
            var bucket = lanes.Of(kind);
            wait = bucket.WaitFor(kept);
            return wait > TimeSpan.Zero ? null : bucket.Send();
        }
    }

    private Lanes Of(string subscriptionId) => _subscriptions.GetOrAdd(subscriptionId, static (_, time) => new Lanes(time), clock);

    private sealed class Lanes(TimeProvider clock)
    {
        private readonly TokenBucket _reads = new(clock, 250, 25);
        private readonly TokenBucket _writes = new(clock, 200, 10);
        private readonly TokenBucket _deletes = new(clock, 200, 10);

        public volatile bool Silent;

        public TokenBucket Of(CallKind kind) => kind switch
        {
            CallKind.Read => _reads,
            CallKind.Write => _writes,
            CallKind.Delete => _deletes,
        };
    }
}
