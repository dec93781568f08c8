using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Core.Audit.Reads;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Whoever reads everybody's trail leaves one event of it, and is given nothing that could not be recorded.</summary>
public sealed class AuditReadTests
{
    private static readonly AuditPeriod Period = new(PortalWorld.Start.AddDays(-30), PortalWorld.Start.AddDays(1));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Each_way_of_reading_is_recorded_with_what_was_asked_for(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync(Company.Mira);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var of = (await world.EventsAsync(asked.RequestId))[0].EventId;
        var filter = new AuditFilter { VaultName = "kv-a", SecretName = "db", RequestReference = "R-1", PersonObjectId = Company.Mira.ObjectId, Code = AuditCode.GrantEnded.Value, Text = "mira", From = Period.From, To = Period.To };

        await ListAsync(world, auditor, filter);
        await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(filter, TimeZoneInfo.Utc), auditor, Ct);
        await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(of), auditor, Ct);
        await world.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion("kv-a", "db", Period), auditor, Ct);
        await world.Get<WhatWasHeld>().ExecuteAsync(new HoldingQuestion(Company.Mira.ObjectId, Period), auditor, Ct);
        await world.Get<WhoApprovedWhom>().ExecuteAsync(new ApprovalQuestion(null, Period), auditor, Ct);
        await world.Get<WhatWasNeverUsed>().ExecuteAsync(Period, auditor, Ct);
        await world.Get<WhatWentAroundTheRules>().ExecuteAsync(Period, auditor, Ct);
        await world.Get<WhatAdministratorsChanged>().ExecuteAsync(Period, auditor, Ct);

        var reads = await ReadsAsync(world);
        Assert.Equal(Enum.GetNames<AuditReadKind>(), reads.Select(r => r.Reason));
        var words = $"code grant.ended, person_object_id {Company.Mira.ObjectId}, request_reference R-1, secret_name db, text mira, vault_name kv-a";
        Assert.Equal(
            [words, words, $"event {of}", "secret_name db, vault_name kv-a", $"person_object_id {Company.Mira.ObjectId}", null, null, null, null],
            reads.Select(r => r.Comment));
        Assert.All(reads.Where(r => r.Reason != nameof(AuditReadKind.Proof)), r => Assert.Equal((Period.From, Period.To), (r.WindowStart, r.WindowEnd)));
        Assert.All(reads, r => Assert.Null(r.VaultName ?? r.SecretName ?? r.RequestReference));
        Assert.All(reads, r => Assert.Equal((Company.Ingrid.ObjectId, AuditOutcome.Success, "192.0.2.7"), (r.ActorObjectId, r.Outcome, r.ClientAddress)));
        // Whom an auditor looks at does not read of it in their own history.
        Assert.All(reads, r => Assert.Null(r.SubjectObjectId));
        Assert.DoesNotContain(await ListAsync(world, await world.IdentifyAsync(Company.Mira), new AuditFilter()), e => e.Code == AuditCode.AuditRead.Value);
    }

    [Theory]
    [BothDatabases]
    public async Task The_same_read_is_recorded_once_in_ten_minutes(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AuditListTests.AddAsync(world, 120, seed: 5);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var all = new AuditFilter();

        // A page that is drawn twice, its count, its further pages, and the event of the read itself.
        string? after = null;
        do
        {
            var page = (await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(all, after), auditor, Ct)).Value;
            Assert.NotEmpty(page.Items);
            after = page.Next;
            await world.Get<CountAuditEvents>().ExecuteAsync(all, auditor, Ct);
            world.Clock.Advance(TimeSpan.FromMinutes(2));
        }
        while (after is not null);
        Assert.Single(await ReadsAsync(world));

        // Another filter is another read, and so are another kind, another client and another reader.
        await ListAsync(world, auditor, all with { VaultName = "kv-a" });
        await ListAsync(world, auditor, all with { VaultName = "kv-a", To = world.Clock.GetUtcNow() });
        await ListAsync(world, auditor, all with { VaultName = "kv-a", To = world.Clock.GetUtcNow().AddMinutes(-5) });
        await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(all, TimeZoneInfo.Utc), auditor, Ct);
        await ListAsync(world, auditor with { Client = new ClientInfo("198.51.100.1", "test") }, all);
        await ListAsync(world, await world.IdentifyAsync(Company.Jonas) with { Roles = new HashSet<PortalRole> { PortalRole.Auditor } }, all);
        Assert.Equal(7, (await ReadsAsync(world)).Count);

        world.Clock.Advance(AuditReads.Window);
        await ListAsync(world, auditor, all);
        Assert.Equal(8, (await ReadsAsync(world)).Count);
    }

    [Fact]
    public async Task Reads_whose_conditions_only_sound_alike_are_recorded_each()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        await ListAsync(world, auditor, new AuditFilter { Text = "mira", VaultName = "kv-a" });
        await ListAsync(world, auditor, new AuditFilter { Text = "mira, vault_name kv-a" });
        await ListAsync(world, auditor, new AuditFilter { Text = "\"mira, vault_name kv-a\"" });
        Assert.Equal(
            ["text mira, vault_name kv-a", "text \"mira, vault_name kv-a\"", "text \"\"\"mira, vault_name kv-a\"\"\""],
            (await ReadsAsync(world)).Select(r => r.Comment));
    }

    [Theory]
    [BothDatabases]
    public async Task A_question_about_the_last_days_is_the_same_a_moment_later(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        await AskAsync(30);
        world.Clock.Advance(TimeSpan.FromMinutes(4));
        await AskAsync(30);
        Assert.Single(await ReadsAsync(world));
        // Another length, or one that does not end now, is another question.
        await AskAsync(29);
        await world.Get<WhatWasNeverUsed>().ExecuteAsync(new AuditPeriod(world.Clock.GetUtcNow().AddDays(-31), world.Clock.GetUtcNow().AddDays(-1)), auditor, Ct);
        Assert.Equal(3, (await ReadsAsync(world)).Count);

        Task AskAsync(int days) => world.Get<WhatWasNeverUsed>().ExecuteAsync(new AuditPeriod(world.Clock.GetUtcNow().AddDays(-days), world.Clock.GetUtcNow()), auditor, Ct);
    }

    [Fact]
    public async Task Ones_own_history_is_not_recorded_also_an_auditors()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.AskAsync(Company.Mira);
        var mira = await world.IdentifyAsync(Company.Mira);
        Assert.NotEmpty(await ListAsync(world, mira, new AuditFilter()));
        await world.Get<CountAuditEvents>().ExecuteAsync(new AuditFilter(), mira, Ct);
        await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(new AuditFilter(), TimeZoneInfo.Utc), mira, Ct);
        var own = (await world.EventsAsync()).First(e => e.ActorObjectId == Company.Mira.ObjectId).EventId;
        Assert.True((await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(own), mira, Ct)).Succeeded);

        var auditor = await world.IdentifyAsync(Company.Ingrid);
        await ListAsync(world, auditor, new AuditFilter { PersonObjectId = Company.Ingrid.ObjectId });
        Assert.Empty(await ReadsAsync(world));
        await ListAsync(world, auditor, new AuditFilter { PersonObjectId = Company.Mira.ObjectId });
        var read = Assert.Single(await ReadsAsync(world));
        // The proof of the event that says so is of their own history too.
        await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(read.EventId), auditor, Ct);
        Assert.Single(await ReadsAsync(world));
    }

    [Fact]
    public async Task What_may_not_be_read_or_is_not_there_is_no_read()
    {
        await using var world = await PortalWorld.OpenAsync();
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        Assert.False((await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(new AuditFilter { Code = "no.such" }), auditor, Ct)).Succeeded);
        Assert.False((await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(Guid.NewGuid()), auditor, Ct)).Succeeded);
        Assert.False((await world.Get<WhatWasNeverUsed>().ExecuteAsync(Period, await world.IdentifyAsync(Company.Mira), Ct)).Succeeded);
        Assert.Empty(await ReadsAsync(world));
    }

    [Fact]
    public async Task What_cannot_be_recorded_is_not_given_and_ones_own_history_still_is()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.AskAsync(Company.Mira);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var mira = await world.IdentifyAsync(Company.Mira);
        world.DatabaseFaults.RefuseWrites();
        await Assert.ThrowsAsync<DbUpdateException>(() => ListAsync(world, auditor, new AuditFilter()));
        Assert.NotEmpty(await ListAsync(world, mira, new AuditFilter()));
        world.DatabaseFaults.Break = null;
        Assert.NotEmpty(await ListAsync(world, auditor, new AuditFilter()));
    }

    [Theory]
    [BothDatabases]
    public async Task A_search_does_not_find_itself_and_reads_can_be_searched(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AuditListTests.AddAsync(world, 20, seed: 5);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        Assert.Empty(await ListAsync(world, auditor, new AuditFilter { Text = "quokka" }));
        Assert.Empty(await ListAsync(world, auditor, new AuditFilter { VaultName = "kv-quokka" }));
        Assert.Empty(await ListAsync(world, auditor, new AuditFilter { RequestReference = "R-quokka" }));
        Assert.Empty(await ListAsync(world, auditor, new AuditFilter { Text = "quokka", VaultName = "kv-a" }));
        Assert.Equal(0, (await world.Get<CountAuditEvents>().ExecuteAsync(new AuditFilter { Text = "quokka" }, auditor, Ct)).Value.Events);
        var found = await ListAsync(world, auditor, new AuditFilter { Text = "quokka", Code = AuditCode.AuditRead.Value });
        Assert.Equal(5, found.Count);
        Assert.All(found, e => Assert.Contains("quokka", e.Comment, StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<AuditEvent>> ListAsync(PortalWorld world, Actor reader, AuditFilter filter)
    {
        var result = await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(filter, Take: 200), reader, Ct);
        Assert.Empty(result.Refusals);
        return result.Value.Items;
    }

    private static async Task<IReadOnlyList<AuditEvent>> ReadsAsync(PortalWorld world) =>
        [.. (await world.EventsAsync()).Where(e => e.Code == AuditCode.AuditRead.Value)];
}
