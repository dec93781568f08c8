using Portal.Core.Identity;

namespace Portal.Core.Audit.Questions;

/// <summary>The time that a question is about.</summary>
/// <param name="From">From this instant on.</param>
/// <param name="To">Before this instant.</param>
public sealed record AuditPeriod(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>How many rows an answer has at most; its sentence counts them all.</summary>
    public const int MostRows = 200;

    /// <summary>Refuses those who may not ask, and a period that cannot be meant.</summary>
    /// <returns>Null when it can be answered.</returns>
    internal Refusal? Fault(Actor actor) =>
        actor.LacksAllOf(PortalRole.Auditor) ?? (To <= From ? new Refusal(RefusalCode.RangeInverted, "to") : null);

    /// <summary>The filter that leaves the period.</summary>
    internal AuditFilter AsFilter() => new() { From = From, To = To };

    /// <summary>Narrows events to the period.</summary>
    internal IQueryable<AuditEvent> Over(IQueryable<AuditEvent> events) => events.Where(e => e.At >= From && e.At < To);
}
