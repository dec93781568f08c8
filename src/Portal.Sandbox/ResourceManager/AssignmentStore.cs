using Portal.Sandbox.Control;

namespace Portal.Sandbox.ResourceManager;

/// <summary>How a write of a role assignment ended.</summary>
public enum PutOutcome
{
    /// <summary>It is new.</summary>
    Created,

    /// <summary>It stood already under this name, with the same principal, role and scope.</summary>
    Updated,

    /// <summary>The same principal has the same role at the same scope under another name.</summary>
    Exists,

    /// <summary>The name is taken by an assignment of another principal, role or scope.</summary>
    UpdateNotPermitted,

    /// <summary>The subscription holds as many as it may.</summary>
    LimitExceeded,
}

/// <summary>
/// Role assignments with what each reader sees of them: writes know the truth at once, GET and LIST see it late, Key Vault later.
/// Not safe for several threads: <see cref="ResourceState"/> locks.
/// </summary>
/// <param name="clock">The clock.</param>
/// <param name="propagation">How late readers notice.</param>
/// <param name="changed">Told of every change.</param>
internal sealed class AssignmentStore(SandboxClock clock, PropagationPlan propagation, Action<AssignmentChange> changed)
{
    private readonly Dictionary<Guid, Entry> _live = [];
    private readonly Dictionary<ArmScope, List<Entry>> _byScope = [];
    private readonly Dictionary<Guid, int> _perSubscription = [];
    private long _sequence;
    private DateTimeOffset _firstEnd = DateTimeOffset.MaxValue;

    public IEnumerable<RoleAssignment> Live
    {
        get
        {
            EndWhatIsOver();
            return _live.Values.Select(e => e.Current);
        }
    }

    /// <summary>How many there are in a subscription, at all its scopes.</summary>
    public int CountIn(Guid subscription)
    {
        EndWhatIsOver();
        return _perSubscription.GetValueOrDefault(subscription);
    }

    public RoleAssignment? Find(Guid name)
    {
        EndWhatIsOver();
        return _live.GetValueOrDefault(name)?.Current;
    }

    /// <summary>What the same principal has of the same role at the same scope; null for nothing.</summary>
    public RoleAssignment? FindTrio(RoleAssignment like)
    {
        EndWhatIsOver();
        return _byScope.TryGetValue(like.Scope, out var here) ? here.Find(e => !e.Removed && SameTrio(e.Current, like))?.Current : null;
    }

    /// <summary>Has an assignment end by itself; null for never.</summary>
    public void EndAt(Guid name, DateTimeOffset? end)
    {
        if (!_live.TryGetValue(name, out var entry)) return;
        entry.End = end;
        if (end < _firstEnd) _firstEnd = end.Value;
    }

    public (PutOutcome Outcome, RoleAssignment? Result) Put(RoleAssignment wanted, int limit)
    {
        EndWhatIsOver();
        var now = clock.GetUtcNow();
        if (_live.TryGetValue(wanted.Name, out var known))
        {
            if (!SameTrio(known.Current, wanted)) return (PutOutcome.UpdateNotPermitted, null);
            known.Current = wanted with { Scope = known.Current.Scope, CreatedOn = known.Current.CreatedOn, CreatedBy = known.Current.CreatedBy, UpdatedOn = now };
            changed(new AssignmentChange(now, AssignmentChangeKind.Rewritten, known.Current));
            return (PutOutcome.Updated, known.Current);
        }

        Forget(wanted.Scope, now);
        if (_byScope.TryGetValue(wanted.Scope, out var here) && here.Exists(e => !e.Removed && SameTrio(e.Current, wanted))) return (PutOutcome.Exists, null);
        var subscription = wanted.Scope.SubscriptionId ?? Guid.Empty;
        var count = _perSubscription.GetValueOrDefault(subscription);
        if (subscription != Guid.Empty && count >= limit) return (PutOutcome.LimitExceeded, null);

        var entry = new Entry(wanted with { CreatedOn = now, UpdatedOn = now }, ++_sequence)
        {
            DataFrom = propagation.After(propagation.KeyVaultAdd),
            ReadFrom = propagation.After(propagation.ReadAdd),
        };
        if (here is null) _byScope[wanted.Scope] = here = [];
        here.Add(entry);
        _live.Add(wanted.Name, entry);
        _perSubscription[subscription] = count + 1;
        changed(new AssignmentChange(now, AssignmentChangeKind.Made, entry.Current));
        return (PutOutcome.Created, entry.Current);
    }

    public RoleAssignment? Remove(Guid name)
    {
        EndWhatIsOver();
        return Take(name, clock.GetUtcNow());
    }

    /// <summary>What GET and LIST show now, in the order of making, each with its place in that order.</summary>
    public IEnumerable<(long Sequence, RoleAssignment Assignment)> Visible()
    {
        EndWhatIsOver();
        var now = clock.GetUtcNow();
        return _byScope.Values.SelectMany(l => l).Where(e => e.ReadFrom <= now && now < e.ReadUntil).OrderBy(e => e.Sequence).Select(e => (e.Sequence, e.Current));
    }

    /// <summary>What GET shows now of one assignment.</summary>
    public RoleAssignment? FindVisible(ArmScope scope, Guid name)
    {
        EndWhatIsOver();
        var now = clock.GetUtcNow();
        return _byScope.TryGetValue(scope, out var here) ? here.LastOrDefault(e => e.Current.Name == name && e.ReadFrom <= now && now < e.ReadUntil)?.Current : null;
    }

    /// <summary>What counts at one scope for Resource Manager itself, or, with <paramref name="data"/>, for Key Vault now.</summary>
    public IEnumerable<RoleAssignment> CountingAt(ArmScope scope, bool data)
    {
        EndWhatIsOver();
        if (!_byScope.TryGetValue(scope, out var here)) yield break;
        var now = clock.GetUtcNow();
        foreach (var entry in here)
            if (data ? entry.DataFrom <= now && now < entry.DataUntil : !entry.Removed) yield return entry.Current;
    }

    private RoleAssignment? Take(Guid name, DateTimeOffset at)
    {
        if (!_live.Remove(name, out var entry)) return null;
        entry.Removed = true;
        entry.DataUntil = propagation.After(at, propagation.KeyVaultRemove);
        entry.ReadUntil = propagation.After(at, propagation.ReadRemove);
        _perSubscription[entry.Current.Scope.SubscriptionId ?? Guid.Empty]--;
        Forget(entry.Current.Scope, clock.GetUtcNow());
        changed(new AssignmentChange(at, AssignmentChangeKind.Removed, entry.Current));
        return entry.Current;
    }

    // The clock alone does it: nobody has to call, and whoever calls late finds all as it would be had somebody called in time.
    private void EndWhatIsOver()
    {
        var now = clock.GetUtcNow();
        if (now < _firstEnd) return;
        foreach (var over in _live.Values.Where(e => e.End <= now).OrderBy(e => e.End).ToList()) Take(over.Current.Name, over.End!.Value);
        _firstEnd = _live.Values.Min(e => e.End) ?? DateTimeOffset.MaxValue;
    }

    internal static bool SameTrio(RoleAssignment a, RoleAssignment b) =>
        a.PrincipalId == b.PrincipalId && a.RoleDefinitionId == b.RoleDefinitionId && a.Scope == b.Scope;

    // Removed ones stay only while someone still sees them.
    private void Forget(ArmScope scope, DateTimeOffset now)
    {
        if (!_byScope.TryGetValue(scope, out var here)) return;
        here.RemoveAll(e => e.Removed && e.DataUntil <= now && e.ReadUntil <= now);
        if (here.Count == 0) _byScope.Remove(scope);
    }

    private sealed class Entry(RoleAssignment current, long sequence)
    {
        public RoleAssignment Current { get; set; } = current;

        public long Sequence { get; } = sequence;

        public bool Removed { get; set; }

        public DateTimeOffset? End { get; set; }

        public DateTimeOffset DataFrom { get; init; }

        public DateTimeOffset DataUntil { get; set; } = DateTimeOffset.MaxValue;

        public DateTimeOffset ReadFrom { get; init; }

        public DateTimeOffset ReadUntil { get; set; } = DateTimeOffset.MaxValue;
    }
}
