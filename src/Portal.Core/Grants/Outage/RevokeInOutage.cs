using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Takes back what is overdue although the database takes no writes: announced and confirmed in the <see cref="RevocationSpool"/>, and entered by <see cref="EnterSpooledRevocations"/> afterwards. Nothing is ever given this way.</summary>
/// <remarks>One per process: it remembers what it tried.</remarks>
public sealed partial class RevokeInOutage(IDbContextFactory<PortalDb> databases, GrantProviders providers, RevocationSpool spool, DriveSteps steps, IDatabaseClock databaseClock, ClockWatch clock, ILogger<RevokeInOutage> logger)
{
    /// <summary>How long a revocation may be overdue before it is asked whether the database still takes writes. With the half minute that SQLite waits for a lock, it goes out within a minute.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(10);
    private const int MostAtOnce = 8;
    private const int MostPerRound = 500;

    private readonly ConcurrentDictionary<Guid, (int Attempts, DateTimeOffset NextAt)> _failing = new();

    /// <summary>Looks once.</summary>
    /// <returns>How many removals the provider confirmed.</returns>
    public async Task<Result<int>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        IReadOnlyList<Guid> overdue;
        try
        {
            overdue = await FindOverdueAsync(ct);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            LogCannotRead(fault);
            return 0;
        }

        if (overdue.Count == 0 || await TakesWritesAsync(overdue[0], actor, ct))
        {
            _failing.Clear();
            return 0;
        }

        var removed = 0;
        await Parallel.ForEachAsync(overdue, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = ct }, async (id, token) =>
        {
            if (await RemoveAsync(id, token))
                Interlocked.Increment(ref removed);
        });
        LogSpooled(removed, overdue.Count);
        return removed;
    }

    // Overdue, perhaps there, and needed by no live grant; what is not even announced comes first.
    private async Task<IReadOnlyList<Guid>> FindOverdueAsync(CancellationToken ct)
    {
        var done = spool.Removed();
        await using var db = await databases.CreateDbContextAsync(ct);
        // By the database's time, as ever: a clock of this machine that runs ahead must end nothing early.
        var now = await clock.AskAsync(databaseClock, db, ct);
        var before = now - Grace;
        return await db.DesiredAssignments.AsNoTracking()
            .Where(a => a.DueAt != null && a.DueAt <= before && (a.Observed == AssignmentObservation.Present || a.Observed == AssignmentObservation.Unknown
                // As DesiredAssignment.MayBeThere.
                || (a.Observed == AssignmentObservation.Absent && a.LostCallAt != null && a.WrittenAt == null)) && !done.Contains(a.Id))
            .Where(a => !db.Grants.Any(g => g.AssignmentId == a.Id && g.StartsAt <= now && g.EndsAt > now && g.PauseId == null
                && (g.State == GrantState.Scheduled || g.State == GrantState.Provisioning || g.State == GrantState.Active)))
            .OrderByDescending(a => db.Grants.Any(g => g.AssignmentId == a.Id && g.State != GrantState.Ended && g.RevokingSince == null))
            .ThenByDescending(a => a.PrivilegeRank).ThenBy(a => a.DueAt)
            .Select(a => a.Id).Take(MostPerRound).ToListAsync(ct);
    }

    /// <summary>Announces one of them in the database, as a worker would. If that goes through there is no outage, and the workers do the rest.</summary>
    private async Task<bool> TakesWritesAsync(Guid assignmentId, Actor actor, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(WriteLimit);
        try
        {
            await using var db = await databases.CreateDbContextAsync(limit.Token);
            var now = clock.Now();
            if (await LoadAsync(db, assignmentId, limit.Token) is not { } trio)
                return true;
            var trail = new AuditTrail(db, actor, now);
            foreach (var grant in trio.PlanAt(now).ToEnd.Where(g => g.StartRevoking(now)))
                trail.GrantRevoking(grant);
            trio.Assignment.LookAt(now);
            await db.SaveChangesAsync(limit.Token);
            return true;
        }
        catch (DbUpdateConcurrencyException)
        {
            // Somebody else has written it meanwhile.
            return true;
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            LogOutage(fault);
            return false;
        }
    }

    private async Task<bool> RemoveAsync(Guid assignmentId, CancellationToken ct)
    {
        if (_failing.TryGetValue(assignmentId, out var failing) && clock.Now() < failing.NextAt)
            return false;
        SpoolLine announced;
        DesiredAssignment row;
        try
        {
            // Read afresh, right before: whoever needs the role by now keeps it.
            await using var db = await databases.CreateDbContextAsync(ct);
            if (await LoadAsync(db, assignmentId, ct) is not { } trio || trio.PlanAt(clock.Now()) is not { Call: AssignmentIntent.Delete } plan)
                return false;
            // Not known to be the portal's: nothing of it is taken.
            if (trio.Assignment.LooksFirst)
                return false;
            row = trio.Assignment;
            announced = new SpoolLine(Guid.CreateVersion7(clock.Now()), SpoolLineKind.Announced, assignmentId, [.. plan.ToEnd.Select(g => g.Id)], clock.Now());
            // Without this record there is no call.
            spool.Append(announced);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            LogNotAnnounced(fault, assignmentId);
            return false;
        }

        TakingBack.Begin();
        steps.Reach(DriveStep.SpoolAnnounced, assignmentId, AssignmentIntent.Delete);
        try
        {
            var call = await providers.For(row).DeleteAsync(row.Target, ct);
            steps.Reach(DriveStep.SpoolCalled, assignmentId, AssignmentIntent.Delete);
            _failing.TryRemove(assignmentId, out _);
            Note(announced with { Kind = SpoolLineKind.Removed, At = clock.Now(), ProviderCall = call });
            return true;
        }
        catch (CloudCallException fault)
        {
            LogNotRemoved(fault, assignmentId, fault.Code);
            var attempts = failing.Attempts + 1;
            _failing[assignmentId] = (attempts, clock.Now() + RetryDelay.After(attempts, fault.RetryAfter, 1));
            Note(announced with { Kind = SpoolLineKind.Failed, At = clock.Now(), Code = fault.Code, Message = fault.Message, ProviderCall = fault.ProviderCall });
            return false;
        }
    }

    // What cannot be noted any more stays announced without an outcome, and is looked at when it is entered.
    private void Note(SpoolLine outcome)
    {
        try
        {
            spool.Append(outcome);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogNotNoted(fault, outcome.AssignmentId, outcome.Kind);
        }
    }

    private static async Task<Trio?> LoadAsync(PortalDb db, Guid assignmentId, CancellationToken ct) =>
        await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == assignmentId, ct) is { } row
            ? new Trio(row, await db.Grants.Where(g => g.AssignmentId == assignmentId && g.State != GrantState.Ended).ToListAsync(ct))
            : null;

    [LoggerMessage(LogLevel.Critical, "The database cannot be read: which revocations are due is not known. Nothing is lost; they are looked for again")]
    private partial void LogCannotRead(Exception fault);

    [LoggerMessage(LogLevel.Critical, "The database takes no writes. Nothing new is given; revocations that are due go out and are recorded in the spool")]
    private partial void LogOutage(Exception fault);

    [LoggerMessage(LogLevel.Critical, "The revocation of assignment {AssignmentId} could not be announced anywhere and was not called for; it is tried again")]
    private partial void LogNotAnnounced(Exception fault, Guid assignmentId);

    [LoggerMessage(LogLevel.Error, "The revocation of assignment {AssignmentId} did not go through ({Code}) and is tried again")]
    private partial void LogNotRemoved(Exception fault, Guid assignmentId, string code);

    [LoggerMessage(LogLevel.Critical, "The outcome of the revocation of assignment {AssignmentId} could not be noted in the spool: {Outcome}")]
    private partial void LogNotNoted(Exception fault, Guid assignmentId, SpoolLineKind outcome);

    [LoggerMessage(LogLevel.Warning, "{Removed} of {Overdue} overdue revocations went out by way of the spool")]
    private partial void LogSpooled(int removed, int overdue);
}
