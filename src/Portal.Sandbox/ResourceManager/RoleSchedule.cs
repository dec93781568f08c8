namespace Portal.Sandbox.ResourceManager;

/// <summary>A role assignment that Privileged Identity Management keeps, and ends by itself.</summary>
/// <param name="Id">The schedule's name.</param>
/// <param name="AssignmentName">Name of the role assignment that carries it, and of its instance.</param>
/// <param name="Request">Name of the request that made it.</param>
/// <param name="StartsAt">From when.</param>
/// <param name="EndsAt">Until when; null for good.</param>
public sealed record RoleSchedule(Guid Id, Guid AssignmentName, Guid Request, DateTimeOffset StartsAt, DateTimeOffset? EndsAt);

/// <summary>A request about a schedule, as it was taken. Its name can be used once.</summary>
/// <param name="Name">Chosen by who asked.</param>
/// <param name="Type">What is asked.</param>
/// <param name="Target">Scope, role and principal; its name means nothing.</param>
/// <param name="EndsAt">Until when, as it was reckoned when it was taken; null for good, and where nothing is given.</param>
/// <param name="RequestorId">Object id of who asked.</param>
public sealed record ScheduleRequest(Guid Name, ScheduleRequestType Type, RoleAssignment Target, DateTimeOffset? EndsAt, Guid RequestorId)
{
    /// <summary>The times in the requestor's words; null where nothing is given.</summary>
    public ScheduleTimes? Times { get; init; }

    /// <summary>Why, in the requestor's words; null for nothing.</summary>
    public string? Justification { get; init; }

    /// <summary>Number of a ticket; null for none.</summary>
    public string? TicketNumber { get; init; }

    /// <summary>System of that ticket; null for none.</summary>
    public string? TicketSystem { get; init; }

    /// <summary>The schedule that it made, changed or ended.</summary>
    public Guid ScheduleId { get; init; }

    /// <summary>When it was taken, by the sandbox's clock.</summary>
    public DateTimeOffset CreatedOn { get; init; }

    /// <summary>What became of it.</summary>
    public ScheduleRequestStatus Status { get; init; }
}

/// <summary>When a request is to hold, as it was asked for: an answer gives back the words, not what was reckoned from them.</summary>
/// <param name="StartsAt">From when; null for at once.</param>
/// <param name="Type"><c>AfterDuration</c>, <c>AfterDateTime</c> or <c>NoExpiration</c>.</param>
/// <param name="Duration">For how long, where it is to end after a duration; otherwise null.</param>
public sealed record ScheduleTimes(DateTimeOffset? StartsAt, string Type, string? Duration);

/// <summary>What became of a request. Azure has more; the sandbox does everything at once that waits for nobody.</summary>
public enum ScheduleRequestStatus
{
    /// <summary>The role is given, or its end moved.</summary>
    Provisioned,

    /// <summary>The role is taken.</summary>
    Revoked,

    /// <summary>Somebody has to approve it first.</summary>
    PendingApproval,

    /// <summary>It was approved, and could not be carried out any more.</summary>
    Failed,

    /// <summary>It was taken back before anybody had approved it.</summary>
    Canceled,
}

/// <summary>What a request asks for. Azure has more; the rest is about eligibility and about people asking for themselves.</summary>
public enum ScheduleRequestType
{
    /// <summary>Give the role.</summary>
    AdminAssign,

    /// <summary>Move the end of what is given.</summary>
    AdminUpdate,

    /// <summary>Take it.</summary>
    AdminRemove,
}

/// <summary>How a request ended.</summary>
internal enum ScheduleOutcome
{
    Taken,
    RequestExists,
    AssignmentExists,
    AssignmentMissing,
    TooShort,
    TooYoung,
    NotLicensed,
    LimitExceeded,
    OneWaits,
}
