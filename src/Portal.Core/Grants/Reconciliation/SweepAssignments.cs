using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Audit;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>What a sweep looks for and does.</summary>
public sealed record SweepOptions
{
    /// <summary>False only looks; true removes what was found.</summary>
    public bool Apply { get; init; }

    /// <summary>Only vaults of these subscriptions; empty for all that the portal's identity sees.</summary>
    public IReadOnlyCollection<Guid> Subscriptions { get; init; } = [];

    /// <summary>Only assignments whose own text says that they should have ended at least so long ago; null for all.</summary>
    public TimeSpan? OlderThan { get; init; }

    /// <summary>True also takes what live grants of the database explain.</summary>
    public bool EvenExplained { get; init; }

    /// <summary>Most removals in a second and subscription, above 0. Azure gives back 10 a second.</summary>
    public double PerSecond { get; init; } = 10;
}

/// <summary>What became of an assignment that a sweep met.</summary>
public enum SweepFate
{
    /// <summary>Found; nothing was to be done to it.</summary>
    Found,

    /// <summary>Found, and left because a live grant explains it.</summary>
    Explained,

    /// <summary>Removed.</summary>
    Removed,

    /// <summary>Could not be removed.</summary>
    Failed,
}

/// <summary>An assignment with the portal's mark.</summary>
/// <param name="Assignment">The assignment.</param>
/// <param name="Until">When it should end by its own text; null when that cannot be read.</param>
/// <param name="Overdue">Whether that is over.</param>
/// <param name="Fate">What became of it.</param>
/// <param name="Fault">Why it could not be removed.</param>
public sealed record SweptAssignment(AssignmentSeen Assignment, DateTimeOffset? Until, bool Overdue, SweepFate Fate, CloudCallException? Fault = null);

/// <summary>What came of a sweep.</summary>
/// <param name="Vaults">Vaults that were looked at to the end.</param>
/// <param name="FailedVaults">Vaults that were not, with the reasons.</param>
/// <param name="Found">Assignments with the portal's mark, all told.</param>
/// <param name="Overdue">Of these, those past their own end.</param>
/// <param name="Explained">Of these, those left because live grants explain them.</param>
/// <param name="Removed">Of these, those removed.</param>
/// <param name="Failed">Of these, those that could not be removed.</param>
public sealed record SweepOutcome(int Vaults, IReadOnlyList<VaultFailure> FailedVaults, int Found, int Overdue, int Explained, int Removed, int Failed)
{
    /// <summary>Whether everything was looked at, and everything removed that was to be.</summary>
    public bool IsComplete => FailedVaults.Count == 0 && Failed == 0;
}

/// <summary>Finds every assignment that carries the portal's mark, by the marks alone, and removes them when told to. Needs no database; where there is one, what live grants explain is left, by its clock and right before each call, and a portal that runs beside the sweep looks at once at what was removed.</summary>
/// <param name="inventory">The vaults that the portal's identity sees.</param>
/// <param name="assignments">The cloud's assignments.</param>
/// <param name="timer">What is overdue, and how fast it goes.</param>
/// <param name="jitter">Spreads retries.</param>
/// <param name="databases">Null where there is none.</param>
/// <param name="databaseClock">Its clock; null where there is no database.</param>
/// <param name="logger">Where it is said that a running portal could not be told.</param>
public sealed partial class SweepAssignments(
    IVaultInventory inventory, IRoleAssignments assignments, TimeProvider timer, Random jitter, ILogger<SweepAssignments> logger, IDbContextFactory<PortalDb>? databases = null, IDatabaseClock? databaseClock = null)
{
    private const int Batch = 100;
    private const int MostAttempts = 6;

    private static readonly TimeSpan PatienceToTell = TimeSpan.FromSeconds(5);

    /// <summary>Sweeps.</summary>
    /// <param name="input">What to look for.</param>
    /// <param name="met">Told of each assignment as it is met; from one thread at a time.</param>
    /// <param name="actor">The portal itself.</param>
    /// <param name="ct">Cancels. What was removed stays removed.</param>
    /// <exception cref="CloudCallException">The subscriptions themselves could not be listed; nothing was done.</exception>
    public async Task<Result<SweepOutcome>> ExecuteAsync(SweepOptions input, Action<SweptAssignment> met, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(input.PerSecond);

        var tally = new SweepTally(met);
        var vaults = new List<CatalogVault>();
        var listed = inventory.ListVaultsAsync(
            (subscription, fault) =>
            {
                if (IsWanted(subscription))
                    tally.Failed($"(all of subscription {subscription})", fault);
            },
            ct);
        await foreach (var vault in listed)
            if (IsWanted(ArmId.SubscriptionOf(vault.ArmId)))
                vaults.Add(new CatalogVault(ArmId.Normalise(vault.ArmId), vault.Name));

        var unlisted = tally.Failures;
        await VaultLanes.RunAsync(vaults, (vault, token) => SweepAsync(vault, input, tally, actor, token), (vault, fault) => tally.Failed(vault.Name, fault), timer, ct);
        return tally.Close(vaults.Count + unlisted);

        bool IsWanted(string subscription) => input.Subscriptions.Count == 0 || input.Subscriptions.Any(s => subscription.Equals(s.ToString(), StringComparison.OrdinalIgnoreCase));
    }

    private async Task SweepAsync(CatalogVault vault, SweepOptions input, SweepTally tally, Actor actor, CancellationToken ct)
    {
        // Read to its end before anything is removed: a list from which items vanish while it is read passes others over.
        var marked = new Dictionary<Guid, AssignmentSeen>();
        await foreach (var seen in assignments.ListUnderAsync(vault.ArmId, ct))
            if (AssignmentMark.IsOurs(seen.Description))
                marked[seen.Name] = seen;

        foreach (var batch in marked.Values.Where(a => IsWithin(a, input.OlderThan)).Chunk(Batch))
        {
            var explained = input.EvenExplained ? [] : await ExplainedAsync(batch, ct);
            foreach (var assignment in batch)
            {
                var (fate, fault) = explained.Contains(assignment.Name) ? (SweepFate.Explained, null)
                    : input.Apply ? await RemoveAsync(assignment, input, actor, ct)
                    : (SweepFate.Found, null);
                var until = AssignmentMark.UntilOf(assignment.Description);
                tally.Met(new SweptAssignment(assignment, until, until <= timer.Now(), fate, fault));
            }
        }
    }

    private bool IsWithin(AssignmentSeen assignment, TimeSpan? olderThan) =>
        olderThan is not { } age || AssignmentMark.UntilOf(assignment.Description) <= timer.Now() - age;

    private async Task<HashSet<Guid>> ExplainedAsync(IReadOnlyCollection<AssignmentSeen> batch, CancellationToken ct)
    {
        if (databases is null)
            return [];
        await using var db = await databases.CreateDbContextAsync(ct);
        return await ExplainedAsync(db, batch, await NowAsync(db, ct), ct);
    }

    private static async Task<HashSet<Guid>> ExplainedAsync(PortalDb db, IReadOnlyCollection<AssignmentSeen> found, DateTimeOffset now, CancellationToken ct)
    {
        var ids = found.ToLookup(AssignmentComparison.NameOf, a => a.Name);
        var keys = ids.Select(i => i.Key).ToList();
        var live = await db.Grants.AsNoTracking().Where(g => keys.Contains(g.AssignmentId) && g.State != GrantState.Ended).ToListAsync(ct);
        return [.. live.Where(g => g.NeedsRoleAt(now)).SelectMany(g => ids[g.AssignmentId])];
    }

    private Task<DateTimeOffset> NowAsync(PortalDb db, CancellationToken ct) =>
        (databaseClock ?? throw new InvalidOperationException("A database comes with its clock.")).ReadAsync(db, ct);

    private async Task<(SweepFate Fate, CloudCallException? Fault)> RemoveAsync(AssignmentSeen assignment, SweepOptions input, Actor actor, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 / input.PerSecond), timer, ct);
            if (!await AnnounceAsync(assignment, input.EvenExplained, attempt == 1, actor, ct))
                return (SweepFate.Explained, null);
            try
            {
                await assignments.DeleteAsync(assignment.Scope, assignment.Name, ct);
                await TellAsync(assignment, input);
                return (SweepFate.Removed, null);
            }
            catch (CloudCallException fault)
            {
                if (!fault.IsCertainlyUndone)
                    await TellAsync(assignment, input);
                if (!fault.IsTransient || attempt == MostAttempts)
                    return (SweepFate.Failed, fault);
                await Task.Delay(RetryDelay.After(attempt, fault.RetryAfter, jitter.NextDouble()), timer, ct);
            }
            catch (OperationCanceledException)
            {
                await TellAsync(assignment, input);
                throw;
            }
        }
    }

    // Announced before it is done, like everything that the portal removes; and looked at once more, because a sweep of many takes its time. Without a database there is no trail to write to.
    private async Task<bool> AnnounceAsync(AssignmentSeen assignment, bool evenExplained, bool first, Actor actor, CancellationToken ct)
    {
        if (databases is null)
            return true;
        await using var db = await databases.CreateDbContextAsync(ct);
        var now = await NowAsync(db, ct);
        if (!evenExplained && (await ExplainedAsync(db, [assignment], now, ct)).Count > 0)
            return false;
        if (!first)
            return true;
        new AuditTrail(db, actor, now).AssignmentSwept(assignment, await ScopeNames.OfAsync(db, assignment.Scope, ct));
        await db.SaveChangesAsync(ct);
        return true;
    }

    // Somebody may have been given just this role between the look and the removal. A database that is gone by now does not undo the removal: then a comparison finds it.
    private async Task TellAsync(AssignmentSeen assignment, SweepOptions input)
    {
        if (databases is null || input.EvenExplained)
            return;
        var key = AssignmentComparison.NameOf(assignment);
        using var patience = new CancellationTokenSource(PatienceToTell);
        try
        {
            await databases.RunAsync(
                async db =>
                {
                    if (await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == key, patience.Token) is not { } row)
                        return 0;
                    // Reads may show for a while what is gone, so that one look does not settle it.
                    row.Doubt(await NowAsync(db, patience.Token), lateCall: true);
                    return await db.SaveChangesAsync(patience.Token);
                },
                patience.Token);
        }
        catch (Exception fault)
        {
            // Whatever it was: the removal is made, and the others' are under way.
            LogNotTold(logger, fault, key);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Assignment {AssignmentId} was called to be removed, and the portal could not be told to look at it; its next comparison does")]
    private static partial void LogNotTold(ILogger logger, Exception fault, Guid assignmentId);

    private sealed class SweepTally(Action<SweptAssignment> met)
    {
        private readonly Lock _lock = new();
        private readonly SortedDictionary<string, VaultFailure> _failures = new(StringComparer.Ordinal);
        private readonly Dictionary<SweepFate, int> _fates = Enum.GetValues<SweepFate>().ToDictionary(f => f, _ => 0);
        private int _overdue;

        public int Failures
        {
            get
            {
                lock (_lock)
                    return _failures.Count;
            }
        }

        public void Met(SweptAssignment swept)
        {
            lock (_lock)
            {
                _fates[swept.Fate]++;
                _overdue += swept.Overdue ? 1 : 0;
                met(swept);
            }
        }

        public void Failed(string vault, CloudCallException fault)
        {
            lock (_lock)
                _failures.TryAdd(vault, new VaultFailure(vault, fault.Code, fault.Message));
        }

        public SweepOutcome Close(int vaults) =>
            new(vaults - _failures.Count, [.. _failures.Values], _fates.Values.Sum(), _overdue, _fates[SweepFate.Explained], _fates[SweepFate.Removed], _fates[SweepFate.Failed]);
    }
}
