using Portal.Core.Data;

namespace Portal.Core.Grants.Operations;

/// <summary>What part of the work to look at.</summary>
public enum WorkPart
{
    /// <summary>What needs a person.</summary>
    Attention,

    /// <summary>What should have been done a minute ago or longer.</summary>
    Late,

    /// <summary>What a worker holds.</summary>
    InFlight,

    /// <summary>What is to be done now.</summary>
    Due,
}

/// <summary>The parts of the work, as the numbers count them and the lists show them.</summary>
internal static class WorkQuery
{
    public static IQueryable<DesiredAssignment> Due(PortalDb db, DateTimeOffset now) =>
        db.DesiredAssignments.Where(a => a.DueAt != null && a.DueAt <= now && (a.LeaseUntil == null || a.LeaseUntil <= now));

    public static IQueryable<DesiredAssignment> InFlight(PortalDb db, DateTimeOffset now) =>
        db.DesiredAssignments.Where(a => a.LeaseUntil != null && a.LeaseUntil > now);

    public static IQueryable<DesiredAssignment> Failing(PortalDb db) => db.DesiredAssignments.Where(a => a.FailingSince != null);

    public static IQueryable<DesiredAssignment> Late(PortalDb db, DateTimeOffset now)
    {
        var before = now - WorkCounts.LateAfter;
        return db.DesiredAssignments.Where(a => (a.DueAt != null && a.DueAt <= before) || (a.FailingSince != null && a.FailingSince <= before));
    }
}
