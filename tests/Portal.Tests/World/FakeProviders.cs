using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;

namespace Portal.Tests.World;

/// <summary>Groups in memory, as Graph keeps them: someone is in or not, and nothing says who put them there.</summary>
public sealed class FakeMemberships(TimeProvider clock) : IGrantProvider
{
    private readonly HashSet<(Guid Group, Guid Member)> _members = [];
    private readonly List<CloudCall> _calls = [];

    public GrantProvider Kind => GrantProvider.GroupMembership;

    /// <summary>Asked before each call has any effect: an exception is thrown and nothing has happened.</summary>
    public Func<CloudCall, Exception?>? FailBefore { get; set; }

    /// <summary>Asked after each call took effect: an exception is thrown and the answer is lost.</summary>
    public Func<CloudCall, Exception?>? FailAfter { get; set; }

    /// <summary>What a read shows instead of what is; null for the truth.</summary>
    public Func<bool, bool>? Lag { get; set; }

    public IReadOnlyList<CloudCall> Calls => [.. _calls];

    /// <summary>Whether someone is in a group; who put them there cannot be asked.</summary>
    public bool Has(Guid group, Guid member) => _members.Contains((group, member));

    /// <summary>An administrator puts someone in.</summary>
    public void Add(Guid group, Guid member) => _members.Add((group, member));

    /// <summary>An administrator takes someone out.</summary>
    public void Remove(Guid group, Guid member) => _members.Remove((group, member));

    public Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct) => Run(CloudVerb.Put, target, () =>
    {
        _members.Add((target.GroupId!.Value, target.PrincipalId));
        return new AssignmentWritten(AssignmentWriteOutcome.Ours, new ProviderCall("graph-put"));
    });

    public Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct) => Run(CloudVerb.Delete, target, () =>
    {
        _members.Remove((target.GroupId!.Value, target.PrincipalId));
        return new ProviderCall("graph-delete");
    });

    public Task<AssignmentReading> ReadAsync(AssignmentTarget target, DateTimeOffset? until, CancellationToken ct)
    {
        var held = _members.Contains((target.GroupId!.Value, target.PrincipalId));
        return Task.FromResult(new AssignmentReading((Lag?.Invoke(held) ?? held) ? ReadingKind.AsOrdered : ReadingKind.Missing));
    }

    private Task<T> Run<T>(CloudVerb verb, AssignmentTarget target, Func<T> effect)
    {
        var call = new CloudCall(verb, target.Scope, target.Name, null, clock.GetUtcNow());
        _calls.Add(call);
        if (FailBefore?.Invoke(call) is { } before)
            throw before;
        var answer = effect();
        if (FailAfter?.Invoke(call) is { } after)
            throw after;
        return Task.FromResult(answer);
    }
}

/// <summary>Schedules in memory, as Azure keeps them: they end by the clock, and cannot be removed in their first five minutes.</summary>
public sealed class FakeSchedules(TimeProvider clock) : IGrantProvider
{
    private readonly Dictionary<Guid, (DateTimeOffset Since, DateTimeOffset? Until)> _schedules = [];
    private readonly List<CloudCall> _calls = [];

    public GrantProvider Kind => GrantProvider.PimSchedule;

    public IReadOnlyList<CloudCall> Calls => [.. _calls];

    /// <summary>Whether somebody holds the trio otherwise.</summary>
    public bool HeldByAnother { get; set; }

    /// <summary>What was made does not show yet, in no list: nothing finds it, to read or to remove.</summary>
    public bool Lags { get; set; }

    /// <summary>False when the licence has lapsed.</summary>
    public bool Licensed { get; private set; } = true;

    /// <summary>The ends of what stands; null for what stands for good.</summary>
    public IReadOnlyList<DateTimeOffset?> Standing
    {
        get
        {
            foreach (var over in _schedules.Where(s => s.Value.Until <= clock.GetUtcNow()).Select(s => s.Key).ToList())
                _schedules.Remove(over);
            return [.. _schedules.Values.Select(s => s.Until)];
        }
    }

    /// <summary>The licence lapses: what stands, stands for good.</summary>
    public void Lapse()
    {
        Licensed = false;
        foreach (var (name, schedule) in _schedules.ToList())
            _schedules[name] = schedule with { Until = null };
    }

    public Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct)
    {
        Note(CloudVerb.Put, target);
        if (HeldByAnother)
            return Task.FromResult(new AssignmentWritten(AssignmentWriteOutcome.HeldByAnother, ProviderCall.Unknown));
        if (!Licensed)
            throw new CloudCallException(_schedules.ContainsKey(target.Name) ? "ScheduleTurnedPermanent" : "AadPremiumLicenseRequired", "No licence.", 400, isTransient: false);
        var now = clock.GetUtcNow();
        if (!_schedules.TryGetValue(target.Name, out var known))
        {
            if (until - now < TimeSpan.FromMinutes(5))
                throw new CloudCallException("RoleAssignmentRequestPolicyValidationFailed", "ExpirationRule", 400, isTransient: false);
            known = (now, until);
        }

        _schedules[target.Name] = known with { Until = until };
        return Task.FromResult(new AssignmentWritten(AssignmentWriteOutcome.Ours, new ProviderCall("pim-put", "pim-put-c")));
    }

    public Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct)
    {
        Note(CloudVerb.Delete, target);
        if (Lags)
            return Task.FromResult(ProviderCall.Unknown);
        if (_schedules.TryGetValue(target.Name, out var known) && clock.GetUtcNow() - known.Since is var age && age < TimeSpan.FromMinutes(5))
            throw new CloudCallException("ActiveDurationTooShort", "Not yet.", 400, isTransient: false, TimeSpan.FromMinutes(5) - age);
        _schedules.Remove(target.Name);
        return Task.FromResult(new ProviderCall("pim-delete", "pim-delete-c"));
    }

    public Task<AssignmentReading> ReadAsync(AssignmentTarget target, DateTimeOffset? until, CancellationToken ct)
    {
        _ = Standing;
        return Task.FromResult(new AssignmentReading(Lags || !_schedules.TryGetValue(target.Name, out var known) ? ReadingKind.Missing : known.Until == until && until is not null ? ReadingKind.AsOrdered : ReadingKind.Altered));
    }

    private void Note(CloudVerb verb, AssignmentTarget target)
    {
        _ = Standing;
        _calls.Add(new CloudCall(verb, target.Scope, target.Name, null, clock.GetUtcNow()));
    }
}
