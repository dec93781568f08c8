using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>An event that waits and was changed to what the portal does not write: nothing is sealed, it is said which, and what was sealed before can still be taken away.</summary>
public sealed class UnreadableEventTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task It_is_named_and_holds_up_sealing_and_granting_until_it_is_put_right(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, sealing: true);
        await world.AskAsync();
        await world.SealAsync(checkpoint: true);
        await AuditListTests.AddAsync(world, 9, seed: 3);
        var changed = await ChangeAsync(world, "Outcome", "Nonsense", back: 4);

        for (var turn = 0; turn < 2; turn++)
        {
            var fault = await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
            Assert.Equal(SealingProblem.EventUnreadable, fault.Problem);
            Assert.Contains(changed.ToString(), fault.Message, StringComparison.Ordinal);
        }

        var health = await world.ReadAsync(db => world.Get<AuditHealth>().ReadAsync(db, world.Clock.GetUtcNow(), Ct));
        Assert.Contains(changed.ToString(), health!.Hold, StringComparison.Ordinal);

        await world.ReadAsync(db => db.Database.ExecuteSqlAsync($"""UPDATE "AuditEvents" SET "Outcome" = 'Success' WHERE "EventId" = {changed}""", Ct));
        Assert.Equal(9, await world.SealAsync(checkpoint: true));
        Assert.Null((await world.ReadAsync(db => world.Get<AuditHealth>().ReadAsync(db, world.Clock.GetUtcNow(), Ct)))!.Hold);
    }

    [Fact]
    public async Task A_fault_of_the_database_is_not_taken_for_one_of_an_event()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AuditListTests.AddAsync(world, 3, seed: 3);
        world.DatabaseFaults.Break = sql => sql.Contains("\"PendingSeals\"", StringComparison.Ordinal) ? new IOException("disk I/O error") : null;
        await Assert.ThrowsAsync<IOException>(() => world.SealAsync());
        Assert.Null(world.Get<AuditHealth>().Fault);
    }

    [Theory, BothDatabases("Outcome", "ActorKind")]
    public async Task It_hides_no_other_from_who_looks_and_is_named(DatabaseKind kind, string column)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        var grant = await world.DecideAsync(asked.RequestId, Company.Priya);
        Assert.True(grant.Succeeded);
        await new SealedLog(world).SealAsync();
        var before = (await ListAsync(world)).Items.Count(e => e.Code != AuditCode.AuditRead.Value);
        var changed = await ChangeAsync(world, column, "Nonsense", back: 2);
        var number = await world.ReadAsync(db => db.AuditEvents.Where(e => e.EventId == changed).Select(e => e.Sequence).SingleAsync(Ct));

        var page = await ListAsync(world);
        Assert.Equal([number], page.Unreadable);
        Assert.DoesNotContain(page.Items, e => e.Sequence == number);
        Assert.Equal(before - 1, page.Items.Count(e => e.Code != AuditCode.AuditRead.Value));

        var mira = await world.IdentifyAsync(Company.Mira);
        var request = (await world.Get<GetRequest>().ExecuteAsync(asked.Reference, mira, Ct)).Value;
        Assert.Equal([number], request.Unreadable);
        Assert.NotEmpty(request.Timeline);

        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var proof = (await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(changed), auditor, Ct)).Value;
        Assert.Equal(ProofState.Broken, proof.State);
        Assert.NotNull(proof.Position);
        Assert.Contains("changed by other means", proof.Fault, StringComparison.Ordinal);
        // Whose it was, nobody can tell from a row that cannot be read.
        Assert.Equal(RefusalCode.NotFound, Assert.Single((await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(changed), mira, Ct)).Refusals).Code);
    }

    [Theory, BothDatabases("Outcome", "At")]
    public async Task Pages_on_which_no_event_can_be_read_lead_on_both_ways(DatabaseKind kind, string column)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await AuditListTests.AddAsync(world, 130, seed: 3);
        var value = column != "At" ? "Nonsense" : kind == DatabaseKind.Sqlite ? "yesterday" : "0044-03-15 BC";
        // Those of kv-a and many others, so that whole pages are of nothing else.
        await world.ReadAsync(async db =>
        {
            foreach (var number in await db.AuditEvents.Where(e => e.VaultName == "kv-a" || e.Sequence % 9 != 0).Select(e => e.Sequence).ToListAsync(Ct))
                await SetAsync(db, number, column, value);
            return true;
        });
        foreach (var filter in (AuditFilter[])[new() { VaultName = "kv-a" }, new(), new() { PersonObjectId = Company.Mira.ObjectId }, new() { Text = "mira" }])
        {
            // The first look leaves an event behind, which is not to come between pages.
            await ListAsync(world, new AuditListQuery(filter));
            var all = NumbersOf(await ListAsync(world, new AuditListQuery(filter, Take: 200)));
            Assert.InRange(all.Count, 20, 190);
            var first = new AuditListQuery(filter, Take: 5);
            Assert.Equal(all.Order(), (await WalkAsync(world, first, page => page.Next, mark => first with { After = mark })).Order());
            Assert.Equal(all.Order(), (await WalkAsync(world, first with { Earliest = true }, page => page.Previous, mark => first with { Before = mark })).Order());
        }
    }

    /// <summary>The numbers of all events on the way.</summary>
    private static async Task<List<long>> WalkAsync(PortalWorld world, AuditListQuery list, Func<TrailPage, string?> next, Func<string, AuditListQuery> go)
    {
        for (var seen = new List<long>(); ; Assert.True(seen.Count < 400, "The pages have no end."))
        {
            var page = await ListAsync(world, list);
            seen.AddRange(NumbersOf(page));
            Assert.InRange(page.Items.Count + page.Unreadable.Count, 1, 5);
            if (next(page) is not { } on)
                return seen;
            list = go(on);
        }
    }

    private static IReadOnlyList<long> NumbersOf(TrailPage page) => [.. page.Items.Select(e => e.Sequence), .. page.Unreadable];

    [Theory]
    [InlineData("csv", "Outcome", "Nonsense")]
    [InlineData("jsonl", "Outcome", "Nonsense")]
    [InlineData("ocsf", "Outcome", "Nonsense")]
    [InlineData("csv", "At", "yesterday")]
    [InlineData("jsonl", "ActorKind", "Ghost")]
    [InlineData("csv", "SubjectObjectId", "nobody")]
    public async Task Exports_give_what_was_sealed_before(string format, string column, string value)
    {
        await using var host = await ExportHost.StartAsync();
        await AuditListTests.AddAsync(host.World, 40, seed: 9);
        var log = new SealedLog(host.World);
        await log.SealAsync();
        await AuditListTests.AddAsync(host.World, 2, seed: 10);
        var changed = await ChangeAsync(host.World, column, value, back: 0);
        foreach (var filter in (string[])["", "&from=2026-01-01"])
        {
            // The clock stands still: what cannot be sealed is not waited for.
            var answer = await host.GetAsync($"/audit/export?format={format}{filter}", Company.Ingrid);
            var file = await answer.Content.ReadAsByteArrayAsync(Ct);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, Encoding.UTF8.GetString(file));
            Assert.DoesNotContain(changed.ToString(), Encoding.UTF8.GetString(file), StringComparison.OrdinalIgnoreCase);
            var path = Path.GetTempFileName();
            await File.WriteAllBytesAsync(path, file, Ct);
            var verdict = (await new VerifyExport().ExecuteAsync(new ExportToVerify(path, [log.Key.Verifier]), null, Actor.System, Ct)).Value;
            File.Delete(path);
            Assert.True(verdict.Holds, verdict.Fault?.Message);
            Assert.Equal((40, 40), (verdict.Rows, verdict.Statement!.Size));
        }

        Assert.Equal(SealingProblem.EventUnreadable, host.Services.GetService(typeof(AuditHealth)) is AuditHealth health ? health.Fault?.Problem : null);
    }

    private static async Task<TrailPage> ListAsync(PortalWorld world, AuditListQuery? list = null) =>
        (await world.Get<ListAuditEvents>().ExecuteAsync(list ?? new AuditListQuery(new AuditFilter()), await world.IdentifyAsync(Company.Ingrid), Ct)).Value;

    /// <summary>Changes an event.</summary>
    /// <param name="world">Where.</param>
    /// <param name="column">Which column.</param>
    /// <param name="value">To what.</param>
    /// <param name="back">How many came after it.</param>
    private static async Task<Guid> ChangeAsync(PortalWorld world, string column, string value, int back) => await world.ReadAsync(async db =>
    {
        var one = await db.AuditEvents.OrderByDescending(e => e.Sequence).Skip(back).Select(e => new { e.EventId, e.Sequence }).FirstAsync(Ct);
        await SetAsync(db, one.Sequence, column, value);
        return one.EventId;
    });

    private static async Task SetAsync(PortalDb db, long number, string column, string value) => Assert.Equal(1, await db.Database.ExecuteSqlAsync(column switch
    {
        "Outcome" => $"""UPDATE "AuditEvents" SET "Outcome" = {value} WHERE "Sequence" = {number}""",
        "At" when db.Database.IsNpgsql() => $"""UPDATE "AuditEvents" SET "At" = CAST({value} AS timestamptz) WHERE "Sequence" = {number}""",
        "At" => $"""UPDATE "AuditEvents" SET "At" = {value} WHERE "Sequence" = {number}""",
        "ActorKind" => $"""UPDATE "AuditEvents" SET "ActorKind" = {value} WHERE "Sequence" = {number}""",
        _ => $"""UPDATE "AuditEvents" SET "SubjectObjectId" = {value} WHERE "Sequence" = {number}""",
    }, Ct));
}
