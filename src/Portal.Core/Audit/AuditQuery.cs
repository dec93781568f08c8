using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Search;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>A place in the trail, which is ordered by time and then by the order in which the database took events in.</summary>
/// <param name="At">When; null where somebody changed it to no time: then the database compares with what stands there.</param>
/// <param name="Sequence">Which of those that happened then.</param>
public sealed record TrailPlace(DateTimeOffset? At, long Sequence)
{
    private const string NoTime = "?";

    /// <summary>The place of an event.</summary>
    public TrailPlace(AuditEvent happened) : this(happened.At, happened.Sequence)
    {
    }

    /// <summary>Before everything.</summary>
    public static TrailPlace Beginning { get; } = new(DateTimeOffset.MinValue, 0);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <returns>Null when it is none.</returns>
    public static TrailPlace? Read(string? text) =>
        text?.Split('.') is not [var ticks, var sequence] || !long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? null
        : ticks == NoTime ? new TrailPlace(null, number)
        : long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTimeOffset.MaxValue.Ticks ? new TrailPlace(new DateTimeOffset(at, TimeSpan.Zero), number)
        : null;

    /// <summary>Those of some events that come before this place, or after it.</summary>
    /// <param name="db">The database.</param>
    /// <param name="events">The events.</param>
    /// <param name="before">Whether those before it are meant.</param>
    public IQueryable<AuditEvent> Beyond(PortalDb db, IQueryable<AuditEvent> events, bool before)
    {
        var sequence = Sequence;
        if (At is { } at)
            return before
                ? events.Where(e => e.At <= at && (e.At < at || e.Sequence < sequence))
                : events.Where(e => e.At >= at && (e.At > at || e.Sequence > sequence));
        var there = db.AuditEvents.Where(e => e.Sequence == sequence).Select(e => e.At);
        return before
            ? events.Where(e => e.At < there.Single() || (e.At == there.Single() && e.Sequence < sequence))
            : events.Where(e => e.At > there.Single() || (e.At == there.Single() && e.Sequence > sequence));
    }

    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At?.UtcTicks.ToString(CultureInfo.InvariantCulture) ?? NoTime}.{Sequence}");
}

/// <summary>The events that a filter leaves and that an actor may see: the list and the export are both made from it, so they cannot differ.</summary>
internal static class AuditQuery
{
    /// <summary>Has a search find all that is committed by now. To be called before any of these is asked with a filter of somebody's; costs nothing where no words are searched for.</summary>
    public static Task ReadyAsync(PortalDb db, AuditFilter filter, CancellationToken ct) => string.IsNullOrEmpty(filter.Text) ? Task.CompletedTask : db.Search().CatchUpAsync(db, ct);

    /// <summary>The latest first.</summary>
    /// <param name="db">The database.</param>
    /// <param name="actor">Who looks.</param>
    /// <param name="filter">At what.</param>
    /// <param name="before">Only what comes before this place; null for all.</param>
    /// <param name="take">At most so many.</param>
    public static IQueryable<AuditEvent> Latest(PortalDb db, Actor actor, AuditFilter filter, TrailPlace? before, int take) => Cut(db, actor, filter, new Order(before, null, true), take, events =>
    {
        events = before?.Beyond(db, events, before: true) ?? events;
        return events.OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence).Take(take);
    });

    /// <summary>The earliest first, up to the last event that there was.</summary>
    /// <param name="db">The database.</param>
    /// <param name="actor">Who looks.</param>
    /// <param name="filter">At what.</param>
    /// <param name="after">Only what comes after this place; null for all.</param>
    /// <param name="last">The highest sequence number to show; null for all.</param>
    /// <param name="take">At most so many.</param>
    public static IQueryable<AuditEvent> Earliest(PortalDb db, Actor actor, AuditFilter filter, TrailPlace? after, long? last, int take) => Cut(db, actor, filter, new Order(after, last, false), take, events =>
    {
        if (last is { } highest)
            events = events.Where(e => e.Sequence <= highest);
        events = after?.Beyond(db, events, before: false) ?? events;
        return events.OrderBy(e => e.At).ThenBy(e => e.Sequence).Take(take);
    });

    /// <summary>Whether a filter shows an actor all that there is.</summary>
    public static bool IsWhole(Actor actor, AuditFilter filter) => actor.Has(PortalRole.Auditor) && FilterWords.Of(filter).Count == 0;

    /// <summary>Events with their places in the log, in the order of <see cref="Earliest"/>; without one where they have none.</summary>
    public static IQueryable WithPlaces(PortalDb db, IQueryable<AuditEvent> earliest) =>
        from happened in earliest
        join place in db.AuditLeaves.AsNoTracking() on happened.EventId equals place.EventId into places
        from place in places.DefaultIfEmpty()
        orderby happened.At, happened.Sequence
        select new { happened, Position = (long?)place.Position, place.FieldDigests };

    /// <summary>All that there is, in the order of the log; nothing but its place where an event is gone.</summary>
    /// <param name="db">The database.</param>
    /// <param name="from">The first position.</param>
    /// <param name="size">The position after the last.</param>
    /// <param name="take">At most so many.</param>
    public static IQueryable InLog(PortalDb db, long from, long size, int take) =>
        from place in db.AuditLeaves.AsNoTracking().Where(l => l.Position >= @from && l.Position < size).OrderBy(l => l.Position).Take(take)
        join happened in db.AuditEvents.AsNoTracking() on place.EventId equals happened.EventId into events
        from happened in events.DefaultIfEmpty()
        orderby place.Position
        select new { happened, Position = (long?)place.Position, place.FieldDigests };

    /// <summary>The events whose notes say that they wait for their place in the log, without those that have one; in no order, and as often as they have a note.</summary>
    public static IQueryable Waiting(PortalDb db, IQueryable<PendingSeal> notes) =>
        from note in notes
        join happened in db.AuditEvents.AsNoTracking() on note.EventId equals happened.EventId
        join place in db.AuditLeaves.AsNoTracking() on note.EventId equals place.EventId into places
        from place in places.DefaultIfEmpty()
        where place == null
        select new { happened, Position = (long?)place.Position, place.FieldDigests };

    /// <summary>Events that have no place in the log and wait for none: nobody sealed them. A place before the first is none of the log's. In the order of their numbers.</summary>
    /// <param name="db">The database.</param>
    /// <param name="after">The number after which to go on.</param>
    /// <param name="last">The highest number to show.</param>
    /// <param name="take">At most so many.</param>
    public static IQueryable Strangers(PortalDb db, long after, long last, int take) =>
        (from happened in db.AuditEvents.AsNoTracking()
         join place in db.AuditLeaves.AsNoTracking() on happened.EventId equals place.EventId into places
         from place in places.DefaultIfEmpty()
         where happened.Sequence > after && happened.Sequence <= last && (place == null ? !db.PendingSeals.Any(p => p.EventId == happened.EventId) : place.Position < 0)
         orderby happened.Sequence
         select new { happened, Position = (long?)place.Position, place.FieldDigests }).Take(take);

    /// <summary>The sequence numbers of some of the events, in no order: to count them.</summary>
    /// <param name="db">The database.</param>
    /// <param name="actor">Who looks.</param>
    /// <param name="filter">At what.</param>
    /// <param name="most">At most so many, twice that where a person is filtered by.</param>
    public static IQueryable<long> Some(PortalDb db, Actor actor, AuditFilter filter, int most)
    {
        if (!string.IsNullOrEmpty(filter.Text))
            return Found(db, actor, filter, new Order(null, null, true)).Select(e => e.Sequence).Take(most);
        var (one, other) = Parts(db, actor, filter);
        // In the list's order, which an index has: without one, which are counted would be left to chance.
        var some = Latest(one);
        return other is null ? some : some.Union(Latest(other));

        IQueryable<long> Latest(IQueryable<AuditEvent> events) => events.OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence).Take(most).Select(e => e.Sequence);
    }

    /// <summary>All of the events, each once, in no order: to add them up.</summary>
    public static IQueryable<AuditEvent> Each(PortalDb db, Actor actor, AuditFilter filter)
    {
        if (!string.IsNullOrEmpty(filter.Text))
            return Found(db, actor, filter, new Order(null, null, true));
        var (one, other) = Parts(db, actor, filter);
        return other is null ? one : one.Union(other);
    }

    private static IQueryable<AuditEvent> Cut(PortalDb db, Actor actor, AuditFilter filter, Order order, int take, Func<IQueryable<AuditEvent>, IQueryable<AuditEvent>> cut)
    {
        if (!string.IsNullOrEmpty(filter.Text))
            return Found(db, actor, filter, order).Take(take);
        var (one, other) = Parts(db, actor, filter);
        return other is null ? cut(one) : cut(cut(one).Union(cut(other)));
    }

    /// <summary>What full-text search finds, in order. It looks at all of the filter, so that no page of a search reads what it does not show.</summary>
    private static IQueryable<AuditEvent> Found(PortalDb db, Actor actor, AuditFilter filter, Order order) => db.Search().Find(db, new AuditSearchTerms
    {
        Phrases = AuditSearchTerms.PhrasesOf(filter.Text!),
        Filter = filter,
        Reader = actor.Has(PortalRole.Auditor) ? null : actor.Id!.Value.ObjectId,
        Beyond = order.Beyond,
        Last = order.Last,
        LatestFirst = order.LatestFirst,
    });

    /// <summary>Who is not an auditor sees what they did and what is about their own access. What they reached for and were told does not exist stays unknown to them here too.</summary>
    /// <returns>One ordered read or two, which may have events in common. "About them or by them" is two: in one, a database fetches and sorts everything about and by them before it shows a page.</returns>
    private static (IQueryable<AuditEvent> One, IQueryable<AuditEvent>? Other) Parts(PortalDb db, Actor actor, AuditFilter filter)
    {
        var events = filter.Over(db.AuditEvents.AsNoTracking());
        var sees = actor.Has(PortalRole.Auditor);
        if ((sees ? filter.PersonObjectId : actor.Id!.Value.ObjectId) is not { } person)
            return (events, null);
        if (!sees && filter.PersonObjectId is { } other)
            events = events.Where(e => e.ActorObjectId == other || e.SubjectObjectId == other);
        var about = events.Where(e => e.SubjectObjectId == person);
        var by = events.Where(e => e.ActorObjectId == person);
        if (!sees)
            by = by.Where(e => !(e.Code == AuditCode.AttemptRefused.Value && e.Reason == RefusalCode.NotFound));
        return (about, by);
    }

    /// <summary>Where to go on, up to where, and which way.</summary>
    private sealed record Order(TrailPlace? Beyond, long? Last, bool LatestFirst);
}
