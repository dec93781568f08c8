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

    public IEnumerable<ScheduleRequest> Requests => _requests;

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

    public (ScheduleOutcome Outcome, ScheduleRequest? Taken) Take(ScheduleRequest request, int limit)
    {
        if (_requests.Exists(r => r.Name == request.Name)) return (ScheduleOutcome.RequestExists, null);
        if (!_licensed) return (ScheduleOutcome.NotLicensed, null);
        var now = clock.GetUtcNow();
        var (outcome, schedule) = request.Type switch
        {
            ScheduleRequestType.AdminAssign => Assign(request, limit, now),
            ScheduleRequestType.AdminUpdate => Update(request, now),
            ScheduleRequestType.AdminRemove => Remove(request, now),
        };
        if (outcome != ScheduleOutcome.Taken) return (outcome, null);
        var taken = request with { ScheduleId = schedule, CreatedOn = now };
        _requests.Add(taken);
        return (outcome, taken);
    }

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
