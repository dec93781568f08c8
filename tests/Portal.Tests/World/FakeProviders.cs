using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;

namespace Portal.Tests.World;

/// <summary>What the fakes of the other ways to give access have in common: calls that fail before or after their effect, land late, and show late.</summary>
public abstract class FakeProvider(TimeProvider clock) : IGrantProvider
{
    private readonly List<CloudCall> _calls = [];
    private readonly List<(DateTimeOffset At, Action Effect)> _lost = [];

    public abstract GrantProvider Kind { get; }

    /// <summary>Asked before each call has any effect: an exception is thrown and nothing has happened.</summary>
    public Func<CloudCall, Exception?>? FailBefore { get; set; }

    /// <summary>Asked after each call took effect: an exception is thrown and the answer is lost.</summary>
    public Func<CloudCall, Exception?>? FailAfter { get; set; }

    /// <summary>Asked before each read: an exception is thrown.</summary>
    public Func<Exception?>? FailRead { get; set; }

    /// <summary>How old a picture reads show.</summary>
    public TimeSpan ReadLag { get; set; }

    public IReadOnlyList<CloudCall> Calls => [.. _calls];

    /// <summary>For whom a put was made whose outcome the caller does not know.</summary>
    public HashSet<Guid> Unanswered { get; } = [];

    protected DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>Lets a put arrive that got no answer less than that long ago; does nothing when there is none.</summary>
    public void LandLate(TimeSpan within)
    {
        var late = _lost.FindIndex(l => Now - l.At < within);
        if (late < 0)
            return;
        var effect = _lost[late].Effect;
        _lost.RemoveAt(late);
        try
        {
            effect();
        }
        catch (CloudCallException)
        {
            // Turned down, and nobody is there to hear it.
        }
    }

    public abstract Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct);

    public abstract Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct);

    public Task<AssignmentReading> ReadAsync(AssignmentTarget target, DateTimeOffset? until, CancellationToken ct) =>
        FailRead?.Invoke() is { } fault ? throw fault : Task.FromResult(new AssignmentReading(Read(target, until)) { IsAnothers = until is null && IsAnothers(target) });

    protected abstract ReadingKind Read(AssignmentTarget target, DateTimeOffset? until);

    /// <summary>Whether a read can tell that what is there is somebody else's.</summary>
    protected virtual bool IsAnothers(AssignmentTarget target) => false;

    protected Task<T> Run<T>(CloudVerb verb, AssignmentTarget target, Func<T> effect)
    {
        var call = new CloudCall(verb, target.Scope, target.Name, null, Now);
        _calls.Add(call);
        if (FailBefore?.Invoke(call) is { } before)
        {
            if (verb == CloudVerb.Put && before is not CloudCallException { Status: >= 400 and < 500 })
            {
                Unanswered.Add(target.PrincipalId);
                _lost.Add((Now, () => effect()));
            }

            throw before;
        }

        var answer = effect();
        if (FailAfter?.Invoke(call) is { } after)
        {
            Unanswered.Add(target.PrincipalId);
            throw after;
        }

        return Task.FromResult(answer);
    }
}

/// <summary>Groups in memory, as Graph keeps them: someone is in or not, and nothing says who put them there.</summary>
public sealed class FakeMemberships(TimeProvider clock) : FakeProvider(clock)
{
    private readonly HashSet<(Guid Group, Guid Member)> _members = [];
    private readonly List<(DateTimeOffset At, HashSet<(Guid Group, Guid Member)> Members)> _history = [];

    public override GrantProvider Kind => GrantProvider.GroupMembership;

    /// <summary>What a read shows instead of what is; null for the truth.</summary>
    public Func<bool, bool>? Lag { get; set; }

    /// <summary>Whether someone is in a group; who put them there cannot be asked.</summary>
    public bool Has(Guid group, Guid member) => _members.Contains((group, member));

    /// <summary>An administrator puts someone in.</summary>
    public void Add(Guid group, Guid member)
    {
        _members.Add((group, member));
        _history.Add((Now, [.. _members]));
    }

    /// <summary>An administrator takes someone out.</summary>
    public void Remove(Guid group, Guid member)
    {
        _members.Remove((group, member));
        _history.Add((Now, [.. _members]));
    }

    public override Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct) => Run(CloudVerb.Put, target, () =>
    {
        if (Has(target.GroupId!.Value, target.PrincipalId))
            return new AssignmentWritten(AssignmentWriteOutcome.AlreadyThere, new ProviderCall("graph-put-again"));
        Add(target.GroupId!.Value, target.PrincipalId);
        return new AssignmentWritten(AssignmentWriteOutcome.Ours, new ProviderCall("graph-put"));
    });

    public override Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct) => Run(CloudVerb.Delete, target, () =>
    {
        Remove(target.GroupId!.Value, target.PrincipalId);
        return new ProviderCall("graph-delete");
    });

    protected override ReadingKind Read(AssignmentTarget target, DateTimeOffset? until)
    {
        var shown = ReadLag == TimeSpan.Zero ? _members : _history.LastOrDefault(h => h.At <= Now - ReadLag).Members ?? [];
        var held = shown.Contains((target.GroupId!.Value, target.PrincipalId));
        return (Lag?.Invoke(held) ?? held) ? ReadingKind.AsOrdered : ReadingKind.Missing;
    }
}

/// <summary>Schedules in memory, as Azure keeps them: they end by the clock, and cannot be removed in their first five minutes.</summary>
public sealed class FakeSchedules(TimeProvider clock) : FakeProvider(clock)
{
    private readonly Dictionary<Guid, Schedule> _schedules = [];
    private readonly List<(DateTimeOffset At, Dictionary<Guid, Schedule> Schedules)> _history = [];

    private sealed record Schedule(DateTimeOffset Since, DateTimeOffset? Until);

    public override GrantProvider Kind => GrantProvider.PimSchedule;

    /// <summary>Whether somebody holds the trio otherwise.</summary>
    public bool HeldByAnother { get; set; }

    /// <summary>What was made does not show yet, in no list: nothing finds it, to read or to remove.</summary>
    public bool Lags { get; set; }

    /// <summary>False when the licence has lapsed.</summary>
    public bool Licensed { get; private set; } = true;

    /// <summary>The ends of what stands; null for what stands for good.</summary>
    public IReadOnlyList<DateTimeOffset?> Standing => [.. InForce().Values.Select(s => s.Until)];

    /// <summary>The end of the one with a name.</summary>
    /// <returns>None when there is no such schedule.</returns>
    public IReadOnlyList<DateTimeOffset?> Of(Guid name) => InForce().TryGetValue(name, out var schedule) ? [schedule.Until] : [];

    /// <summary>The licence lapses: what stands, stands for good.</summary>
    public void Lapse()
    {
        Licensed = false;
        foreach (var (name, schedule) in _schedules.ToList())
            Set(name, schedule with { Until = null });
    }

    public override Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct) => Run(CloudVerb.Put, target, () =>
    {
        var standing = InForce();
        if (HeldByAnother && !standing.ContainsKey(target.Name))
            return new AssignmentWritten(AssignmentWriteOutcome.HeldByAnother, ProviderCall.Unknown);
        if (!Licensed)
            throw new CloudCallException(standing.ContainsKey(target.Name) ? "ScheduleTurnedPermanent" : "AadPremiumLicenseRequired", "No licence.", 400, isTransient: false);
        if (!standing.TryGetValue(target.Name, out var known))
        {
            if (until - Now < TimeSpan.FromMinutes(5))
                throw new CloudCallException("RoleAssignmentRequestPolicyValidationFailed", "ExpirationRule", 400, isTransient: false);
            known = new Schedule(Now, until);
        }
        else if (!Shown().ContainsKey(target.Name))
        {
            throw new CloudCallException("RoleAssignmentExists", "It exists, and is not shown yet.", 409, isTransient: true);
        }

        Set(target.Name, known with { Until = until });
        return new AssignmentWritten(AssignmentWriteOutcome.Ours, new ProviderCall("pim-put", "pim-put-c"));
    });

    public override Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct) => Run(CloudVerb.Delete, target, () =>
    {
        if (Lags || !Shown().ContainsKey(target.Name))
            return ProviderCall.Unknown;
        if (InForce().TryGetValue(target.Name, out var known) && Now - known.Since is var age && age < TimeSpan.FromMinutes(5))
            throw new CloudCallException("ActiveDurationTooShort", "Not yet.", 400, isTransient: false, TimeSpan.FromMinutes(5) - age);
        Set(target.Name, null);
        return new ProviderCall("pim-delete", "pim-delete-c");
    });

    protected override ReadingKind Read(AssignmentTarget target, DateTimeOffset? until) =>
        Lags || !Shown().TryGetValue(target.Name, out var known) ? ReadingKind.Missing
        : known.Until == until && until is not null ? ReadingKind.AsOrdered
        : ReadingKind.Altered;

    protected override bool IsAnothers(AssignmentTarget target) => HeldByAnother && !Shown().ContainsKey(target.Name);

    private Dictionary<Guid, Schedule> InForce() => NotOver(_schedules);

    private Dictionary<Guid, Schedule> Shown() => NotOver(ReadLag == TimeSpan.Zero ? _schedules : _history.LastOrDefault(h => h.At <= Now - ReadLag).Schedules ?? []);

    private Dictionary<Guid, Schedule> NotOver(Dictionary<Guid, Schedule> schedules) => schedules.Where(s => !(s.Value.Until <= Now)).ToDictionary();

    private void Set(Guid name, Schedule? schedule)
    {
        if (schedule is null)
            _schedules.Remove(name);
        else
            _schedules[name] = schedule;
        _history.Add((Now, new(_schedules)));
    }
}
