using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>The events that a filter leaves and that an actor may see: the list and the export are both made from it, so they cannot differ.</summary>
internal static class AuditQuery
{
    /// <summary>Who is not an auditor sees what they did and what is about their own access. What they reached for and were told does not exist stays unknown to them here too.</summary>
    public static IQueryable<AuditEvent> VisibleTo(PortalDb db, Actor actor, AuditFilter filter)
    {
        var events = Matching(db.AuditEvents.AsNoTracking(), filter);
        if (actor.Has(PortalRole.Auditor))
            return events;
        var self = actor.Id!.Value.ObjectId;
        return events.Where(e => e.SubjectObjectId == self
            || (e.ActorObjectId == self && !(e.Code == AuditCode.AttemptRefused.Value && e.Reason == RefusalCode.NotFound)));
    }

    private static IQueryable<AuditEvent> Matching(IQueryable<AuditEvent> events, AuditFilter filter)
    {
        if (filter.From is { } from)
            events = events.Where(e => e.At >= from);
        if (filter.To is { } to)
            events = events.Where(e => e.At < to);
        if (filter.PersonObjectId is { } person)
            events = events.Where(e => e.ActorObjectId == person || e.SubjectObjectId == person);
        if (!string.IsNullOrEmpty(filter.VaultName))
            events = events.Where(e => e.VaultName == filter.VaultName);
        if (!string.IsNullOrEmpty(filter.SecretName))
            events = events.Where(e => e.SecretName == filter.SecretName);
        if (!string.IsNullOrEmpty(filter.Code))
            events = events.Where(e => e.Code == filter.Code);
        if (!string.IsNullOrEmpty(filter.RequestReference))
            events = events.Where(e => e.RequestReference == filter.RequestReference);
        return events;
    }
}
