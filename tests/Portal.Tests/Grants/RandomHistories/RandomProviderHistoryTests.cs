using CsCheck;
using Portal.Core.Catalog;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>Random histories of access that is given otherwise than by the portal's own role assignments: by membership, where nothing says whose it is, and by schedules, which Azure ends by itself. However they go, once the cloud answers again each person is in, or has a schedule, exactly while a live grant needs it, and nobody is taken out whom somebody else has put in.</summary>
public sealed class RandomProviderHistoryTests
{
    [Fact]
    public Task Whatever_happens_everyone_is_in_the_group_exactly_while_a_live_grant_needs_it() =>
        ProviderStep.Any.Array[5, 25].SampleAsync(steps => LiveAsync(steps, GrantProvider.GroupMembership), iter: Histories.Count(15), threads: 2, print: Histories.Tell);

    [Fact]
    public Task Whatever_happens_everyone_has_a_schedule_exactly_while_a_live_grant_needs_it() =>
        ProviderStep.Any.Array[5, 25].SampleAsync(steps => LiveAsync(steps, GrantProvider.PimSchedule), iter: Histories.Count(15), threads: 2, print: Histories.Tell);

    private static async Task LiveAsync(ProviderStep[] steps, GrantProvider provider)
    {
        await using var world = await ProviderHistory.OpenAsync(provider);
        var history = new ProviderHistory(world, provider);
        foreach (var step in steps)
        {
            await history.DoAsync(step);
            await world.WorkThroughCrashesAsync();
        }

        await history.ComeToRestAsync(world.WorkAsync);
    }
}
