using CsCheck;
using Microsoft.EntityFrameworkCore;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>Random histories of asking, asking for more, ending, time, clocks that are set, faults, crashes, new starts, outages of the database, late calls, slow reads and other people's hands. However they go: once the cloud answers again and reconciliation has come by, an assignment of ours stands exactly where a live grant needs it.</summary>
public sealed class RandomHistoryTests
{
    [Fact]
    public Task Whatever_happens_assignments_settle_to_what_live_grants_need() => HistoryStep.Any.Array[5, 25].SampleAsync(LiveAsync, iter: Histories.Count(25), threads: 2, print: Histories.Tell);

    [Fact]
    public Task At_every_instant_the_role_is_there_exactly_while_a_live_grant_needs_it() => HistoryStep.Quiet.Array[3, 12].SampleAsync(LiveQuietlyAsync, iter: Histories.Count(10), threads: 2, print: Histories.Tell);

    private static async Task LiveQuietlyAsync(HistoryStep[] steps)
    {
        await using var world = await AssignmentHistory.OpenAsync();
        var history = new AssignmentHistory(world);
        var excusedUntil = DateTimeOffset.MinValue;
        foreach (var step in steps)
        {
            var until = world.Clock.GetUtcNow() + (step is HistoryStep.Pass pass ? TimeSpan.FromSeconds(pass.Seconds) : TimeSpan.Zero);
            if (step is not HistoryStep.Pass)
                await history.DoAsync(step);
            // What somebody else's hand did is found when it is looked for.
            if (step is HistoryStep.Hand)
                await history.LookAtAllAsync();
            // Once it is right again, what was held back is tried within a quarter of an hour.
            if (step is HistoryStep.SetMachine)
                excusedUntil = history.ClocksAgree ? world.Clock.GetUtcNow().AddMinutes(16) : DateTimeOffset.MaxValue;
            await world.WorkAsync();
            await history.SettledAsync(excusedUntil);
            // From one change to the next, and a moment before it.
            while (NextChange(history.Promised, await EndsAndStartsAsync(world), world.Clock.GetUtcNow()) is { } next && next <= until)
            {
                await world.PassAsync(next - TimeSpan.FromMilliseconds(1) - world.Clock.GetUtcNow());
                await history.SettledAsync(excusedUntil);
                await world.PassAsync(next - world.Clock.GetUtcNow());
                await history.SettledAsync(excusedUntil);
            }

            await world.PassAsync(until - world.Clock.GetUtcNow());
            await history.SettledAsync(excusedUntil);
            await history.EndsNeverMoveAsync();
        }
    }

    private static Task<List<DateTimeOffset>> EndsAndStartsAsync(PortalWorld world) => world.ReadAsync(async db =>
    {
        var windows = await db.Grants.AsNoTracking().Select(g => new { g.StartsAt, g.EndsAt }).ToListAsync();
        return windows.SelectMany(w => new[] { w.StartsAt, w.EndsAt }).ToList();
    });

    private static DateTimeOffset? NextChange(IReadOnlyDictionary<Guid, DateTimeOffset> promised, List<DateTimeOffset> changes, DateTimeOffset now) =>
        changes.Concat(promised.Values).Where(c => c > now).Select(c => (DateTimeOffset?)c).Min();

    private static async Task LiveAsync(HistoryStep[] steps)
    {
        await using var world = await AssignmentHistory.OpenAsync();
        var history = new AssignmentHistory(world);
        foreach (var step in steps)
        {
            await history.DoAsync(step);
            await world.WorkThroughCrashesAsync();
            await history.EndsNeverMoveAsync();
        }

        await history.ComeToRestAsync(world.WorkAsync);
    }
}
