using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Many grants end at once: what their turns have to say is saved together, and no row suffers from another's misfortune.</summary>
public sealed class SharedSavesTests
{
    private const int Many = 10;

    private sealed class Crash() : Exception("The process is gone.");

    [Theory, BothDatabases]
    public async Task What_is_ready_together_is_announced_in_one_transaction(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SeedAsync(world);
        var claims = await world.ClaimAsync();
        var announced = -1;
        world.Get<DriveSteps>().Reached += reached =>
        {
            // The first of those that waited while the one before them was saved.
            if (reached.Step == DriveStep.Announced && reached.AssignmentId != claims[0].AssignmentId)
                Interlocked.CompareExchange(ref announced, world.ReadAsync(db => db.DesiredAssignments.CountAsync(a => a.IntentAt != null || a.Observed == AssignmentObservation.Absent)).GetAwaiter().GetResult(), -1);
        };
        Assert.All(await TogetherAsync(world, claims), Assert.Null);
        Assert.Equal(Many, announced);
        await AssertAllEndedAsync(world);
    }

    [Theory, BothDatabases("before it is read", "after it is read")]
    public async Task A_claim_that_is_lost_takes_no_other_down(DatabaseKind kind, string when)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SeedAsync(world);
        var claims = await world.ClaimAsync();
        var lost = claims[4];
        var stolen = false;
        if (when == "before it is read")
            Steal();
        else
            // The rows are read; the grants are about to be.
            world.DatabaseFaults.BreakCommand = command =>
            {
                if (!stolen && command.CommandText.Contains("FROM \"Grants\"", StringComparison.Ordinal) && Concerns(command, lost.AssignmentId))
                    Steal();
                return null;
            };
        var faults = await TogetherAsync(world, claims);
        Assert.All(faults, Assert.Null);
        Assert.True(stolen);
        Assert.Equal(lost.AssignmentId, Assert.Single(world.Cloud.Standing).Name);
        Assert.Equal(Many - 1, world.Cloud.Calls.Count(c => c.Verb == CloudVerb.Delete));

        await world.PassAsync(PortalWorld.Lease);
        await AssertAllEndedAsync(world);

        void Steal()
        {
            stolen = true;
            using var db = world.OpenDb();
            Assert.Equal(1, db.Database.ExecuteSqlRaw("UPDATE \"DesiredAssignments\" SET \"Fence\" = \"Fence\" + 1, \"Revision\" = \"Revision\" + 1 WHERE \"Id\" = {0}", lost.AssignmentId));
        }
    }

    [Theory, BothDatabases]
    public async Task A_claim_that_is_lost_during_the_call_takes_no_other_outcome_down(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SeedAsync(world);
        var claims = await world.ClaimAsync();
        world.Get<DriveSteps>().Reached += reached =>
        {
            if (reached.Step != DriveStep.Settling || reached.AssignmentId != claims[4].AssignmentId)
                return;
            using var db = world.OpenDb();
            db.Database.ExecuteSqlRaw("UPDATE \"DesiredAssignments\" SET \"Fence\" = \"Fence\" + 1, \"Revision\" = \"Revision\" + 1 WHERE \"Id\" = {0}", claims[4].AssignmentId);
        };
        Assert.All(await TogetherAsync(world, claims), Assert.Null);
        Assert.Equal(Many - 1, await EndedAsync(world));
        // Nobody may save that outcome; whoever has the row next looks.
        Assert.NotNull((await world.AssignmentAsync(claims[4].AssignmentId)).LostCallAt);
    }

    [Theory, BothDatabases]
    public async Task A_row_that_cannot_be_saved_fails_alone(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SeedAsync(world);
        var claims = await world.ClaimAsync();
        // Two beside each other: from that alone nobody may conclude that the database is away.
        var faulty = new[] { claims[3].AssignmentId, claims[4].AssignmentId };
        world.DatabaseFaults.BreakCommand = command =>
            command.CommandText.Contains("UPDATE \"DesiredAssignments\"", StringComparison.Ordinal) && faulty.Any(id => Concerns(command, id)) ? new IOException("this page of the disk is bad") : null;
        var faults = await TogetherAsync(world, claims);
        Assert.Equal(2, faults.Count(f => f is not null));
        Assert.Equal(faulty.Order(), world.Cloud.Standing.Select(a => a.Name).Order());
        Assert.Equal(Many - 2, await EndedAsync(world));

        world.DatabaseFaults.BreakCommand = null;
        await world.PassAsync(PortalWorld.Lease);
        await AssertAllEndedAsync(world);
    }

    [Theory, BothDatabases]
    public async Task When_the_database_fails_in_the_middle_nothing_is_called_for_and_all_are_taken_up_again(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SeedAsync(world);
        var claims = await world.ClaimAsync();
        var tried = 0;
        world.DatabaseFaults.Break = sql =>
        {
            if (!sql.Contains("UPDATE", StringComparison.Ordinal) && !sql.Contains("INSERT", StringComparison.Ordinal))
                return null;
            Interlocked.Increment(ref tried);
            return new IOException("no space left on device");
        };
        var faults = await TogetherAsync(world, claims);
        Assert.All(faults, Assert.NotNull);
        Assert.Empty(world.Cloud.Calls);
        // It is not asked in vain for each of them: three alone, eight times each, and five parts once.
        Assert.Equal(29, tried);

        world.DatabaseFaults.Break = null;
        await world.PassAsync(PortalWorld.Lease);
        await AssertAllEndedAsync(world);
    }

    [Theory, BothDatabases]
    public async Task What_was_announced_together_and_never_called_is_driven_again(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SeedAsync(world);
        var claims = await world.ClaimAsync();
        var steps = world.Get<DriveSteps>();
        steps.Reached += Die;
        Assert.All(await TogetherAsync(world, claims), fault => Assert.IsType<Crash>(fault));
        steps.Reached -= Die;
        Assert.Empty(world.Cloud.Calls);
        Assert.Equal(Many, await world.ReadAsync(db => db.DesiredAssignments.CountAsync(a => a.Intent == AssignmentIntent.Delete)));

        Assert.Empty(await world.ClaimAsync());
        await world.PassAsync(PortalWorld.Lease);
        await AssertAllEndedAsync(world);

        static void Die(DriveStepReached reached)
        {
            if (reached.Step == DriveStep.Announced)
                throw new Crash();
        }
    }

    [Fact]
    public async Task Whoever_leaves_is_not_waited_for_and_the_others_are_saved()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await SeedAsync(world);
        var claims = await world.ClaimAsync();
        using var leaving = new CancellationTokenSource();
        var faults = await TogetherAsync(world, claims, claims[4], leaving);
        Assert.IsAssignableFrom<OperationCanceledException>(faults[4]);
        Assert.Equal(Many - 1, await EndedAsync(world));
        Assert.Equal(claims[4].AssignmentId, Assert.Single(world.Cloud.Standing).Name);
    }

    /// <summary>Starts all turns so that the first is saved alone, and all others are ready when it has been.</summary>
    /// <returns>What each of them threw; null where it came to its end.</returns>
    private static async Task<IReadOnlyList<Exception?>> TogetherAsync(PortalWorld world, IReadOnlyList<AssignmentClaim> claims, AssignmentClaim? leaver = null, CancellationTokenSource? leaving = null)
    {
        Assert.Equal(Many, claims.Count);
        using var queued = new ManualResetEventSlim();
        var saving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var broken = world.DatabaseFaults.Break;
        var first = 0;
        world.DatabaseFaults.Break = sql =>
        {
            if (Interlocked.Exchange(ref first, 1) == 0)
            {
                saving.SetResult();
                queued.Wait(TimeSpan.FromSeconds(30), Ct);
            }

            return broken?.Invoke(sql);
        };
        var turns = new List<Task<Exception?>> { TurnAsync(claims[0]) };
        // On a busy machine the second would otherwise be there before anything is saved, and go with it.
        await saving.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        // Each turn runs up to its first save before the next one starts.
        turns.AddRange(claims.Skip(1).Select(TurnAsync));
        leaving?.Cancel();
        queued.Set();
        return await Task.WhenAll(turns);

        Task<Exception?> TurnAsync(AssignmentClaim claim) => FaultOfAsync(world.DriveAsync(claim, claim == leaver ? leaving!.Token : null));
    }

    private static async Task<Exception?> FaultOfAsync(Task turn)
    {
        try
        {
            await turn;
            return null;
        }
        catch (Exception fault)
        {
            return fault;
        }
    }

    private static bool Concerns(System.Data.Common.DbCommand command, Guid id) =>
        command.Parameters.Cast<System.Data.Common.DbParameter>().Any(p => p.Value switch
        {
            Guid one => one == id,
            IEnumerable<Guid> several => several.Contains(id),
            string text => text.Contains(id.ToString(), StringComparison.OrdinalIgnoreCase),
            _ => false,
        });

    private static Task<int> EndedAsync(PortalWorld world) => world.ReadAsync(db => db.Grants.CountAsync(g => g.State == GrantState.Ended && g.GoneSeenAt != null));

    private static async Task AssertAllEndedAsync(PortalWorld world)
    {
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(Many, await EndedAsync(world));
        var codes = await world.CodesAsync();
        Assert.Equal(Many, codes.Count(c => c == "grant.revoking"));
        Assert.Equal(Many, codes.Count(c => c == "grant.ended"));
    }

    /// <summary>Grants that were given an hour ago and end now.</summary>
    private static async Task SeedAsync(PortalWorld world)
    {
        var (given, end) = (world.Clock.GetUtcNow().AddHours(-1), world.Clock.GetUtcNow());
        await using var db = world.OpenDb();
        for (var n = 0; n < Many; n++)
        {
            var scope = $"/subscriptions/11111111-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv/secrets/s-{n}";
            var grant = new Grant(new GrantOrder(Guid.NewGuid(), $"R-{n}", Company.Mira.Id, "Mira", scope, "kv", $"s-{n}", GrantableRole.SecretsUser, given, end), given);
            var row = new DesiredAssignment(grant);
            grant.StartProvisioning();
            row.Announce(AssignmentIntent.Put, end, given);
            row.NoteWritten(AssignmentObservation.Present, end, given);
            row.NoteReading(new AssignmentReading(ReadingKind.AsOrdered), given);
            grant.Activate(given);
            grant.NoteSeen(given);
            row.Release(end, end, toEnd: true);
            db.Add(row);
            db.Add(grant);
            await world.Cloud.PutAsync(new AssignmentOrder(scope, row.Id, Company.Mira.Id.ObjectId, Core.Identity.PrincipalKind.User, GrantableRole.SecretsUser.DefinitionId, AssignmentMark.For(end)), Ct);
        }

        await db.SaveChangesAsync(Ct);
        world.Cloud.ClearCalls();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
