using Portal.Sandbox.Control;

namespace Portal.Sandbox.ResourceManager;

/// <summary>
/// Schedules and the requests about them. What carries a schedule is a role assignment like any other: whoever deletes that has ended the
/// schedule. Not safe for several threads: <see cref="ResourceState"/> locks.
/// </summary>
internal sealed class ScheduleStore(SandboxClock clock, AssignmentStore assignments)
{
    /// <summary>Azure's least length of an assignment, and the age at which one can be removed.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromMinutes(5);

    // Azure keeps a request for 45 days. What it gave stays.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(45);

    private readonly List<RoleSchedule> _schedules = [];
    private readonly List<ScheduleRequest> _requests = [];
    private bool _licensed = true;

    public IEnumerable<RoleSchedule> Live
    {
        get
        {
            _schedules.RemoveAll(s => assignments.Find(s.AssignmentName) is null);
            return _schedules;
        }
    }

    public IEnumerable<ScheduleRequest> Requests
    {
        get
        {
            ForgetWhatIsOld();
            return _requests;
        }
    }

    public bool Licensed
    {
        get => _licensed;
        set
        {
            _licensed = value;
            if (value) return;
            foreach (var schedule in Live.ToList()) Replace(schedule with { EndsAt = null });
        }
    }

    /// <summary>Whether a request that gives something waits for somebody's approval.</summary>
    public bool WantsApproval { get; set; }

    public (ScheduleOutcome Outcome, ScheduleRequest? Taken) Take(ScheduleRequest request, int limit)
    {
        ForgetWhatIsOld();
        if (_requests.Exists(r => r.Name == request.Name)) return (ScheduleOutcome.RequestExists, null);
        if (!_licensed) return (ScheduleOutcome.NotLicensed, null);
        if (_requests.Exists(r => r.Status == ScheduleRequestStatus.PendingApproval && AssignmentStore.SameTrio(r.Target, request.Target))) return (ScheduleOutcome.OneWaits, null);
        var now = clock.GetUtcNow();
        if (WantsApproval && request.Type == ScheduleRequestType.AdminAssign && assignments.FindTrio(request.Target) is not null) return (ScheduleOutcome.AssignmentExists, null);
        var waits = WantsApproval && request.Type != ScheduleRequestType.AdminRemove;
        var (outcome, schedule) = waits ? (ScheduleOutcome.Taken, Guid.Empty) : CarryOut(request, limit, now);
        if (outcome != ScheduleOutcome.Taken) return (outcome, null);
        var taken = request with { ScheduleId = schedule, CreatedOn = now, Status = waits ? ScheduleRequestStatus.PendingApproval : StatusOf(request.Type) };
        _requests.Add(taken);
        return (outcome, taken);
    }

    /// <summary>Somebody approves what waits; what cannot be carried out any more fails.</summary>
    /// <returns>What came of it; null when no request of that name waits.</returns>
    public ScheduleRequest? Approve(Guid name, int limit)
    {
        if (Waiting(name) is not { } index) return null;
        var (outcome, schedule) = CarryOut(_requests[index], limit, clock.GetUtcNow());
        return _requests[index] = _requests[index] with { ScheduleId = schedule, Status = outcome == ScheduleOutcome.Taken ? StatusOf(_requests[index].Type) : ScheduleRequestStatus.Failed };
    }

    /// <summary>Takes back what waits.</summary>
    /// <returns>False when no request of that name waits.</returns>
    public bool Cancel(Guid name)
    {
        if (Waiting(name) is not { } index) return false;
        _requests[index] = _requests[index] with { Status = ScheduleRequestStatus.Canceled };
        return true;
    }

    private int? Waiting(Guid name)
    {
        ForgetWhatIsOld();
        return _requests.FindIndex(r => r.Name == name && r.Status == ScheduleRequestStatus.PendingApproval) is >= 0 and var index ? index : null;
    }

    // They stand in the order of making: the old ones are the first.
    private void ForgetWhatIsOld()
    {
        var since = clock.GetUtcNow() - Kept;
        var old = _requests.FindIndex(r => r.CreatedOn >= since);
        _requests.RemoveRange(0, old < 0 ? _requests.Count : old);
    }

    private (ScheduleOutcome Outcome, Guid Schedule) CarryOut(ScheduleRequest request, int limit, DateTimeOffset now) => request.Type switch
    {
        ScheduleRequestType.AdminAssign => Assign(request, limit, now),
        ScheduleRequestType.AdminUpdate => Update(request, now),
        ScheduleRequestType.AdminRemove => Remove(request, now),
    };

    private static ScheduleRequestStatus StatusOf(ScheduleRequestType type) => type == ScheduleRequestType.AdminRemove ? ScheduleRequestStatus.Revoked : ScheduleRequestStatus.Provisioned;

    private (ScheduleOutcome Outcome, Guid Schedule) Assign(ScheduleRequest request, int limit, DateTimeOffset now)
    {
        if (request.EndsAt - now < Least) return (ScheduleOutcome.TooShort, Guid.Empty);
        var (outcome, made) = assignments.Put(request.Target with { Name = Guid.NewGuid() }, limit);
        if (made is null) return (outcome == PutOutcome.LimitExceeded ? ScheduleOutcome.LimitExceeded : ScheduleOutcome.AssignmentExists, Guid.Empty);
        assignments.EndAt(made.Name, request.EndsAt);
        var schedule = new RoleSchedule(Guid.NewGuid(), made.Name, request.Name, now, request.EndsAt);
        _schedules.Add(schedule);
        return (ScheduleOutcome.Taken, schedule.Id);
    }

    private (ScheduleOutcome Outcome, Guid Schedule) Update(ScheduleRequest request, DateTimeOffset now)
    {
        if (assignments.FindTrio(request.Target) is not { } standing || _schedules.Find(s => s.AssignmentName == standing.Name) is not { } schedule)
            return (ScheduleOutcome.AssignmentMissing, Guid.Empty);
        if (request.EndsAt <= now || request.EndsAt - schedule.StartsAt < Least) return (ScheduleOutcome.TooShort, Guid.Empty);
        Replace(schedule with { EndsAt = request.EndsAt });
        return (ScheduleOutcome.Taken, schedule.Id);
    }

    // What was made without a schedule can be removed in the same way: the caller has to know what is his.
    private (ScheduleOutcome Outcome, Guid Schedule) Remove(ScheduleRequest request, DateTimeOffset now)
    {
        if (assignments.FindTrio(request.Target) is not { } standing) return (ScheduleOutcome.AssignmentMissing, Guid.Empty);
        if (now - standing.CreatedOn < Least) return (ScheduleOutcome.TooYoung, Guid.Empty);
        assignments.Remove(standing.Name);
        return (ScheduleOutcome.Taken, _schedules.Find(s => s.AssignmentName == standing.Name)?.Id ?? standing.Name);
    }

    private void Replace(RoleSchedule schedule)
    {
        _schedules[_schedules.FindIndex(s => s.Id == schedule.Id)] = schedule;
        assignments.EndAt(schedule.AssignmentName, schedule.EndsAt);
    }
}
