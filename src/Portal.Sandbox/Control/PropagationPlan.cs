using System.Collections.Concurrent;

namespace Portal.Sandbox.Control;

/// <summary>
/// How late the cloud notices. All times pass on the sandbox's clock. A change keeps the delay that held when it was made; at the
/// start nothing is late.
/// </summary>
public sealed class PropagationPlan
{
    private readonly SandboxClock _clock;
    private readonly Random _random;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _freshPrincipals = new();

    internal PropagationPlan(SandboxClock clock, int seed)
    {
        _clock = clock;
        _random = new Random(seed);
    }

    /// <summary>From a role assignment's making until Key Vault honours it.</summary>
    public TimeSpan KeyVaultAdd { get; set; }

    /// <summary>From a role assignment's removal until Key Vault stops honouring it.</summary>
    public TimeSpan KeyVaultRemove { get; set; }

    /// <summary>From a role assignment's making until GET and LIST show it. A repeated PUT knows it at once.</summary>
    public TimeSpan ReadAdd { get; set; }

    /// <summary>From a role assignment's removal until GET and LIST no longer show it. A repeated DELETE knows it at once.</summary>
    public TimeSpan ReadRemove { get; set; }

    /// <summary>Up to this much is added to each of the delays, drawn from the sandbox's seed.</summary>
    public TimeSpan Spread { get; set; }

    /// <summary>
    /// Makes a principal look newly created: for that long, an assignment to it that names no principal type answers <c>PrincipalNotFound</c>.
    /// </summary>
    public void HidePrincipal(Guid principal, TimeSpan time) => _freshPrincipals[principal] = _clock.GetUtcNow() + time;

    internal bool IsHidden(Guid principal) => _freshPrincipals.TryGetValue(principal, out var until) && _clock.GetUtcNow() < until;

    internal DateTimeOffset After(TimeSpan delay) => After(_clock.GetUtcNow(), delay);

    /// <summary>When a change is noticed.</summary>
    /// <param name="change">When it was, which may be before anybody looked.</param>
    /// <param name="delay">How late that is noticed.</param>
    internal DateTimeOffset After(DateTimeOffset change, TimeSpan delay)
    {
        double share = 0;
        if (Spread > TimeSpan.Zero)
        {
            lock (_gate) share = _random.NextDouble();
        }

        return change + delay + Spread * share;
    }
}
