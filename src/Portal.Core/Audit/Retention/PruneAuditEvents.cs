using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Retention;

/// <summary>
/// Prunes the events whose time is over: rows and field digests go; place, hash and signed checkpoints stay, so that the rest can be verified. Only what is under a signed checkpoint, was in a complete export by
/// an auditor, is under no legal hold, and belongs to no request that is open, whose grant has not ended, or of which another event is not old enough or not taken away yet (refused attempts aside). Records of the trail itself and of policies stay for ever. Each transaction records what it took. By a clock with which Resource Manager's does not agree, or before that was heard, nothing is pruned.
/// </summary>
public sealed class PruneAuditEvents(IDbContextFactory<PortalDb> databases, RetentionOptions options, IDatabaseClock databaseClock, ClockWatch clock)
{
    // In a row, each after as many tries as any use case makes: what clashes longer is no other run.
    private const int MostClashes = 20;

    /// <summary>Prunes all that may be pruned now. Several instances may do so at once: each event goes once.</summary>
    /// <returns>How many events this call pruned.</returns>
    public async Task<Result<long>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        if (options.Period is not { } period)
            return 0L;
        var pruned = 0L;
        var clashes = 0;
        TrailPlace? after = null;
        while (true)
        {
            Turn turn;
            try
            {
                turn = await databases.RunAsync(db => PruneAsync(db, period, after, actor, ct), ct);
            }
            catch (DbUpdateConcurrencyException) when (++clashes < MostClashes)
            {
                // Another run was ahead again and again. Each time it took some, so this comes to its end.
                continue;
            }

            clashes = 0;
            pruned += turn.Pruned;
            if (turn.After is null)
                break;
            after = turn.After;
        }

        return pruned;
    }

    private async Task<Turn> PruneAsync(PortalDb db, TimeSpan period, TrailPlace? after, Actor actor, CancellationToken ct)
    {
        var now = await clock.AskAsync(databaseClock, db, ct);
        // What is pruned is gone: only by a time that Resource Manager's clock bears out.
        if (!clock.IsBorneOut())
            return new Turn(0, null);
        // A record that nobody can seal would not count, and whoever verifies meanwhile would find events missing.
        if (await db.PendingSeals.AnyAsync(p => p.Since < now - AuditHealthReading.Patience, ct))
            return new Turn(0, null);
        var state = await db.RetentionStates.SingleAsync(ct);
        var through = Math.Min(state.ExportedThrough, await db.AuditCheckpoints.MaxAsync(c => (long?)c.Size, ct) ?? 0);
        var events = Prunable(db, now - period, through);
        if (after is not null)
            events = after.Beyond(db, events, before: false);
        var (found, isFull, last) = await ReadAsync(db, events, through, ct);
        if (found.Count == 0)
            return new Turn(0, isFull ? last : null);

        // The record of the run has to stay readable: what would make it too long waits for the next turn.
        var positions = found.Select(f => f.Leaf.Position).Order().ToList();
        var taken = PrunedPositions.RangesOf(positions).Take(PrunedPositions.MostRanges).SelectMany(r => positions.Where(p => p >= r.First && p <= r.Last)).ToHashSet();
        var more = isFull || taken.Count < found.Count;
        found.RemoveAll(f => !taken.Contains(f.Leaf.Position));

        foreach (var request in found.Where(f => f.Event.RequestId is not null).GroupBy(f => f.Event.RequestId!.Value))
        {
            if (await db.PrunedTimelines.FindAsync([request.Key], ct) is not { } timeline)
                db.PrunedTimelines.Add(timeline = new PrunedTimeline(request.Key));
            timeline.Count += request.Count();
            timeline.At = now;
        }

        foreach (var item in found)
        {
            db.AuditEvents.Remove(item.Event);
            item.Leaf.FieldDigests = [];
        }

        var (from, to) = (found.Min(f => f.Event.At), found.Max(f => f.Event.At));
        new AuditTrail(db, actor, now).EventsPruned([.. found.Select(f => f.Leaf.Position).Order()], from, to);
        state.Pruned += found.Count;
        state.PrunedThrough = state.PrunedThrough > to ? state.PrunedThrough : to;
        state.PrunedAt = now;
        state.Fence++;
        await db.SaveChangesAsync(ct);
        return new Turn(found.Count, !more ? null : taken.Count < positions.Count ? after ?? TrailPlace.Beginning : last);
    }

    // One that cannot be read is not what was sealed, and stays for whoever looks into that. It holds up no other.
    private async Task<(List<Due> Found, bool IsFull, TrailPlace? Last)> ReadAsync(PortalDb db, IQueryable<AuditEvent> events, long through, CancellationToken ct)
    {
        var asked = (from e in events
                     join leaf in db.AuditLeaves on e.EventId equals leaf.EventId
                     where leaf.Position < through
                     orderby e.At, e.Sequence
                     select new { Event = e, Leaf = leaf }).Take(options.Batch);
        try
        {
            var rows = (await asked.ToListAsync(ct)).ConvertAll(row => new Due(row.Event, row.Leaf));
            return (rows, rows.Count == options.Batch, rows.Count > 0 ? new TrailPlace(rows[^1].Event) : null);
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            // Which one it is, the fault does not say.
        }

        var found = new List<Due>();
        var numbers = await asked.Select(row => new { row.Event.Sequence, row.Leaf.Position }).ToListAsync(ct);
        foreach (var number in numbers)
        {
            try
            {
                found.Add(new Due(await db.AuditEvents.SingleAsync(e => e.Sequence == number.Sequence, ct), await db.AuditLeaves.SingleAsync(l => l.Position == number.Position, ct)));
            }
            catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
            {
                // The next one.
            }
        }

        return (found, numbers.Count == options.Batch, numbers.Count > 0 ? await ReadableEvents.PlaceOfAsync(db, numbers[^1].Sequence, ct) : null);
    }

    private static IQueryable<AuditEvent> Prunable(PortalDb db, DateTimeOffset before, long through) => db.AuditEvents.Where(e => e.At < before
        && !e.Code.StartsWith("audit.") && !e.Code.StartsWith("policy.")
        // What a request tells goes together: the end of what began nowhere would be taken for nothing. Whoever tries to look at it later keeps nothing of it.
        && !db.AuditEvents.Any(o => e.RequestId != null && o.RequestId == e.RequestId && o.Code != AuditCode.AttemptRefused.Value
            && (o.At >= before || !db.AuditLeaves.Any(l => l.EventId == o.EventId && l.Position < through)))
        && !db.AccessRequests.Any(r => r.Id == e.RequestId && r.SettledAt == null)
        && !db.Grants.Any(g => (g.RequestId == e.RequestId || g.Id == e.GrantId) && g.EndedAt == null)
        && !db.LegalHolds.Any(h => h.LiftedAt == null
            && ((h.RequestId != null && h.RequestId == e.RequestId)
                || (h.PersonObjectId != null && (h.PersonObjectId == e.ActorObjectId || h.PersonObjectId == e.SubjectObjectId || h.PersonObjectId == e.OnBehalfOfObjectId))
                || (h.Scope != null && e.Scope != null && (e.Scope == h.Scope || e.Scope.StartsWith(h.Scope + "/")))
                // A vault has had the ids of every place that it was moved to; its name is one in all of Azure.
                || (h.Scope != null && e.VaultName != null && (e.VaultName.ToLower() == h.Name.ToLower() || (e.VaultName + "/" + e.SecretName).ToLower() == h.Name.ToLower())))));

    private sealed record Due(AuditEvent Event, AuditLeaf Leaf);

    private sealed record Turn(int Pruned, TrailPlace? After);
}
