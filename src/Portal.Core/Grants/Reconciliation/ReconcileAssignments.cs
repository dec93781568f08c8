using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>Compares what should be with what is, over all vaults of the catalog and all live grants, and hands what differs to the grant engine. Assignments without the portal's mark are never touched.</summary>
/// <remarks>
/// First every vault's list is read page by page: what carries the mark and nothing explains, what was changed, what somebody else
/// holds. Then every live grant is looked at: what surrounds it, and whether its assignment was in its vault's list. A vault that
/// cannot be read is reported and holds up no other; nothing is called missing there.
/// </remarks>
public sealed partial class ReconcileAssignments(
    IDbContextFactory<PortalDb> databases,
    IRoleAssignments assignments,
    IVaultInventory inventory,
    IDirectory directory,
    IDatabaseClock databaseClock,
    ClockWatch clock,
    TimeProvider timer,
    ChangeFeed changes,
    ILogger<ReconcileAssignments> logger)
{
    private const int Batch = 200;

    /// <summary>Compares. For the portal itself, and for an administrator on demand.</summary>
    /// <returns>What came of it, as it was saved.</returns>
    public async Task<Result<ReconciliationOutcome>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is not null && actor.LacksAllOf(PortalRole.Administrator) is { } refusal)
            return refusal;

        using var activity = PortalTelemetry.Activities.StartActivity("reconcile assignments");
        var (startedAt, vaults) = await BeginAsync(ct);
        var tally = new ReconciliationTally();
        var book = new DriftBook(databases, clock, changes);
        var surroundings = new GrantSurroundings(inventory, directory, databases, tally.Failed);

        await VaultLanes.RunAsync(vaults, (vault, token) => LookAtVaultAsync(vault, book, tally, actor, token), Skipped, timer, ct);
        await LookAtGrantsAsync(book, surroundings, tally, actor, ct);
        var resolved = await book.ResolveAsync(d => tally.IsOver(d, surroundings.IsGone(d.VaultScope)), actor, ct);

        var outcome = tally.Close(startedAt, clock.Now(), actor.Kind == ActorKind.System ? null : actor.DisplayName, resolved);
        await SaveAsync(outcome, ct);
        return outcome;

        void Skipped(CatalogVault vault, CloudCallException fault)
        {
            LogNotListed(logger, vault.Name, fault.Code, fault.Message);
            tally.Failed(vault.Name, fault);
        }
    }

    // Nobody may have asked the database for its time since the worker last did: what was written long enough ago to be missed is judged by what it is now.
    private async Task<(DateTimeOffset StartedAt, IReadOnlyList<CatalogVault> Vaults)> BeginAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var now = await clock.AskAsync(databaseClock, db, ct);
        var vaults = await db.Vaults.AsNoTracking().Where(v => v.GoneAt == null).OrderBy(v => v.Id).Select(v => new CatalogVault(v.ArmId, v.Name)).ToListAsync(ct);
        return (now, vaults);
    }

    private async Task LookAtVaultAsync(CatalogVault vault, DriftBook book, ReconciliationTally tally, Actor actor, CancellationToken ct)
    {
        var batch = new List<AssignmentSeen>(Batch);
        await foreach (var seen in assignments.ListUnderAsync(vault.ArmId, ct))
        {
            batch.Add(seen);
            if (batch.Count < Batch)
                continue;
            await LookAtSeenAsync(batch, book, tally, actor, ct);
            batch.Clear();
        }

        await LookAtSeenAsync(batch, book, tally, actor, ct);
        tally.Listed(vault.ArmId);
    }

    private async Task LookAtSeenAsync(IReadOnlyList<AssignmentSeen> batch, DriftBook book, ReconciliationTally tally, Actor actor, CancellationToken ct)
    {
        var ids = batch.Select(AssignmentComparison.NameOf).ToList();
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = await db.DesiredAssignments.AsNoTracking().Where(a => ids.Contains(a.Id)).ToDictionaryAsync(a => a.Id, ct);
        var grants = (await db.Grants.AsNoTracking().Where(g => ids.Contains(g.AssignmentId) && g.State != GrantState.Ended).ToListAsync(ct)).ToLookup(g => g.AssignmentId);
        var now = clock.Now();
        foreach (var (seen, id) in batch.Zip(ids))
        {
            var row = rows.GetValueOrDefault(id);
            var judged = AssignmentComparison.OfSeen(seen, row, [.. grants[id]], now);
            if (row is not null)
                tally.Seen(id);
            if (judged.Standing == TrioStanding.Drifted)
                judged = await TakeUpAsync(seen, id, known: row is not null, book, tally, actor, ct);
            if (judged.Standing == TrioStanding.Unsettled)
                tally.StillOpen(seen.Name);
            // What somebody else holds stays noted as long as a live grant meets it there.
            else if (seen.Name != id && grants[id].Any(g => g.IsLive))
                tally.StillOpen(seen.Name, DriftCode.HeldByAnother);
        }
    }

    private async Task<TrioJudgement> TakeUpAsync(AssignmentSeen listed, Guid id, bool known, DriftBook book, ReconciliationTally tally, Actor actor, CancellationToken ct)
    {
        // A list can be older than a read by name. Where the portal knows nothing of the trio, nothing of its own can have overtaken the list.
        var seen = known ? await assignments.FindAsync(listed.Scope, listed.Name, ct) : listed;
        if (seen is null)
            return TrioJudgement.Unsettled;
        var entry = await book.EnterAsync(id, seen, actor, ct);
        if (entry.Judgement.Standing != TrioStanding.Drifted)
            return entry.Judgement;
        tally.Found(entry, seen.Name);
        if (entry.Judgement.Action == DriftAction.Removed && seen.Name != id)
            await RemoveCopyAsync(seen, ct);
        return entry.Judgement;
    }

    /// <summary>Removes one that carries our mark under a name that is not ours: a copy of ours that somebody made. This try is on the record by now (<see cref="DriftBook"/>); what fails is tried again at the next run.</summary>
    private async Task RemoveCopyAsync(AssignmentSeen copy, CancellationToken ct)
    {
        try
        {
            await assignments.DeleteAsync(copy.Scope, copy.Name, ct);
        }
        catch (CloudCallException fault)
        {
            LogNotRemoved(logger, copy.Name, fault.Code, fault.Message);
        }
    }

    private async Task LookAtGrantsAsync(DriftBook book, GrantSurroundings surroundings, ReconciliationTally tally, Actor actor, CancellationToken ct)
    {
        var after = Guid.Empty;
        var looked = new HashSet<Guid>();
        while (true)
        {
            await using var db = await databases.CreateDbContextAsync(ct);
            var batch = await db.Grants.AsNoTracking().Where(g => g.State != GrantState.Ended && g.Id > after).OrderBy(g => g.Id).Select(g => new { g.Id, g.AssignmentId }).Take(Batch).ToListAsync(ct);
            // All grants of each trio, wherever they stand in the order: they share what they need.
            var ids = batch.Select(g => g.AssignmentId).Where(looked.Add).ToList();
            var rows = await db.DesiredAssignments.AsNoTracking().Where(a => ids.Contains(a.Id)).ToDictionaryAsync(a => a.Id, ct);
            var grants = (await db.Grants.AsNoTracking().Where(g => ids.Contains(g.AssignmentId) && g.State != GrantState.Ended).OrderBy(g => g.Id).ToListAsync(ct)).ToLookup(g => g.AssignmentId);
            foreach (var id in ids)
                await LookAtTrioAsync(rows[id], [.. grants[id].Where(g => g.IsLive)], book, surroundings, tally, actor, ct);
            if (batch.Count < Batch)
                return;
            after = batch[^1].Id;
        }
    }

    private async Task LookAtTrioAsync(DesiredAssignment row, IReadOnlyList<Grant> live, DriftBook book, GrantSurroundings surroundings, ReconciliationTally tally, Actor actor, CancellationToken ct)
    {
        var around = new Dictionary<Guid, Impairment?>();
        foreach (var grant in live)
        {
            if (!tally.IsSilent(grant.VaultName) && await surroundings.OfAsync(grant, ct) is { IsKnown: true } found)
                around[grant.Id] = found.Impairment;
            else
                tally.StillOpen(row.Id);
        }

        foreach (var impairment in around.Values.OfType<Impairment>())
            tally.StillOpen(row.Id, impairment.Code);
        if (live.Any(g => around.TryGetValue(g.Id, out var impairment) && (impairment is not null || g.AttentionCode is not null)))
            tally.Found(await book.EnterSurroundingsAsync(row.Id, around, actor, ct));
        // Granting fails closed, putting back too. And where the list was not read to its end, nothing is known to be missing.
        // What is no assignment of the portal's own is in no list of them: LookAgain has it read.
        if (row.Provider == GrantProvider.RoleAssignment && tally.IsListed(ArmId.VaultOf(row.Scope)) && !tally.IsSeen(row.Id) && live.Any(g => around.TryGetValue(g.Id, out var impairment) && impairment is null))
            await LookForMissingAsync(row, live, book, tally, actor, ct);
    }

    private async Task LookForMissingAsync(DesiredAssignment row, IReadOnlyList<Grant> live, DriftBook book, ReconciliationTally tally, Actor actor, CancellationToken ct)
    {
        var judged = AssignmentComparison.OfUnseen(row, live, clock.Now());
        if (judged.Standing == TrioStanding.InOrder)
            return;
        try
        {
            if (judged.Standing == TrioStanding.Unsettled || await assignments.FindAsync(row.Scope, row.Id, ct) is not null)
            {
                tally.StillOpen(row.Id);
                return;
            }

            var entry = await book.EnterAsync(row.Id, null, actor, ct);
            if (entry.Judgement.Standing == TrioStanding.Drifted)
                tally.Found(entry, row.Id);
            else if (entry.Judgement.Standing == TrioStanding.Unsettled)
                tally.StillOpen(row.Id);
        }
        catch (CloudCallException fault)
        {
            tally.StillOpen(row.Id);
            tally.Failed(live[0].VaultName, fault);
        }
    }

    private async Task SaveAsync(ReconciliationOutcome outcome, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        db.ReconciliationRuns.Add(new ReconciliationRun(outcome));
        await db.SaveChangesAsync(ct);
        var old = outcome.StartedAt - ReconciliationRun.KeptFor;
        await db.ReconciliationRuns.Where(r => r.StartedAt < old).ExecuteDeleteAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The assignments of vault {Vault} could not be compared ({Code}): {Text}")]
    private static partial void LogNotListed(ILogger logger, string vault, string code, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Assignment {Name}, a copy with the portal's mark, could not be removed ({Code}) and is tried again at the next run: {Text}")]
    private static partial void LogNotRemoved(ILogger logger, Guid name, string code, string text);
}
