namespace Portal.Sandbox.Control;

/// <summary>A call as a rule sees it, before any token is looked at.</summary>
/// <param name="Service">Host name without its port.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path without the query.</param>
/// <param name="Query">Query string with its question mark, or empty.</param>
public sealed record FaultCall(string Service, string Method, string Path, string Query);

/// <summary>One rule of a <see cref="FaultPlan"/>. By itself it hits every call that fits.</summary>
public sealed class FaultRule
{
    private readonly Func<FaultCall, bool> _fits;
    private readonly Func<double> _draw;
    private int _skip;
    private int _times = int.MaxValue;
    private double _share = 1;
    private int _fitting;
    private int _fired;

    internal FaultRule(Func<FaultCall, bool> fits, Fault fault, Func<double> draw)
    {
        _fits = fits;
        _draw = draw;
        Fault = fault;
    }

    /// <summary>What happens.</summary>
    public Fault Fault { get; }

    /// <summary>How often it has hit.</summary>
    public int Fired => Volatile.Read(ref _fired);

    /// <summary>Hits the n-th fitting call only; counted from 1.</summary>
    public FaultRule Nth(int n) => From(n).Times(1);

    /// <summary>Hits from the n-th fitting call on; counted from 1.</summary>
    public FaultRule From(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        _skip = n - 1;
        return this;
    }

    /// <summary>Hits so many times and no more.</summary>
    public FaultRule Times(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _times = count;
        return this;
    }

    /// <summary>Hits this share of the fitting calls, 0 to 1, drawn from the sandbox's seed in the order in which they arrive.</summary>
    public FaultRule Share(double share)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        _share = share;
        return this;
    }

    /// <summary>Called under the plan's lock.</summary>
    internal bool Hits(FaultCall call)
    {
        if (!_fits(call)) return false;
        if (_fitting++ < _skip || _fired >= _times) return false;
        if (_share < 1 && _draw() >= _share) return false;
        _fired++;
        return true;
    }
}

/// <summary>
/// Which calls fail, and how; for any of the services. Of several rules that hit one call, the one added first decides. With the same seed,
/// rules and order of calls, the same calls fail.
/// </summary>
public sealed class FaultPlan
{
    private readonly Lock _gate = new();
    private readonly List<FaultRule> _rules = [];
    private readonly Random _random;
    private readonly SandboxClock _clock;

    internal FaultPlan(SandboxClock clock, int seed)
    {
        _clock = clock;
        _random = new Random(seed);
    }

    /// <summary>Adds a rule for the calls that fit.</summary>
    public FaultRule Add(Func<FaultCall, bool> fits, Fault fault)
    {
        var rule = new FaultRule(fits, fault, _random.NextDouble);
        lock (_gate) _rules.Add(rule);
        return rule;
    }

    /// <summary>Adds a rule by method and a part of the path, both without regard to case.</summary>
    /// <param name="method">HTTP method, or <c>*</c> for any.</param>
    /// <param name="pathPart">For example <c>/roleAssignments/</c>.</param>
    /// <param name="fault">What happens.</param>
    public FaultRule Add(string method, string pathPart, Fault fault) => Add(
        c => (method == "*" || c.Method.Equals(method, StringComparison.OrdinalIgnoreCase)) && c.Path.Contains(pathPart, StringComparison.OrdinalIgnoreCase), fault);

    /// <summary>Removes all rules.</summary>
    public void Clear()
    {
        lock (_gate) _rules.Clear();
    }

    internal Fault? Find(FaultCall call)
    {
        lock (_gate)
        {
            foreach (var rule in _rules)
                if (rule.Hits(call)) return rule.Fault;
        }

        return null;
    }

    /// <summary>Waits until the sandbox's clock has moved on by so much.</summary>
    internal async Task WaitAsync(TimeSpan time)
    {
        var until = _clock.GetUtcNow() + time;
        // The clock's timers are the real clock's, so a leap has to be looked for.
        for (var left = time; left > TimeSpan.Zero; left = until - _clock.GetUtcNow())
            await Task.Delay(left < TimeSpan.FromMilliseconds(10) ? left : TimeSpan.FromMilliseconds(10), TimeProvider.System);
    }
}
