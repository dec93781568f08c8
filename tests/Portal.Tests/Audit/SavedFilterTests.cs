using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.SavedFilters;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Filters that people keep: each their own, within limits.</summary>
public sealed class SavedFilterTests
{
    private static readonly AuditFilter Filter = new()
    {
        Text = "\"it's\" 100%",
        From = PortalWorld.Start,
        PersonObjectId = Company.Mira.ObjectId,
        VaultName = "kv-a",
        Code = AuditCode.GrantEnded.Value,
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task A_filter_comes_back_as_it_was_kept_and_to_nobody_else(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var saved = (await SaveAsync(world, Company.Ingrid, "  Ingrid’s 鍵  ", Filter)).Value;
        Assert.Equal(("Ingrid’s 鍵", Filter), (saved.Name, saved.Filter));
        Assert.Equal([saved], await ListAsync(world, Company.Ingrid));
        Assert.Empty(await ListAsync(world, Company.Tomas));
        Assert.Equal(RefusalCode.NotFound, Assert.Single((await DeleteAsync(world, Company.Tomas, saved.Id)).Refusals).Code);
        Assert.Empty((await DeleteAsync(world, Company.Ingrid, saved.Id)).Refusals);
        Assert.Equal(RefusalCode.NotFound, Assert.Single((await DeleteAsync(world, Company.Ingrid, saved.Id)).Refusals).Code);
        Assert.Empty(await ListAsync(world, Company.Ingrid));
    }

    [Theory]
    [BothDatabases]
    public async Task A_name_that_is_used_gets_the_new_filter_also_when_two_tabs_save_at_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var results = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => SaveAsync(world, Company.Ingrid, "Mine", Filter with { VaultName = $"kv-{i}" })));
        Assert.All(results, r => Assert.Empty(r.Refusals));
        Assert.Single(await ListAsync(world, Company.Ingrid));
        await SaveAsync(world, Company.Tomas, "Mine", Filter);
        await SaveAsync(world, Company.Ingrid, "Mine", Filter with { VaultName = "kv-last" });
        Assert.Equal("kv-last", Assert.Single(await ListAsync(world, Company.Ingrid)).Filter.VaultName);
        Assert.Equal("kv-a", Assert.Single(await ListAsync(world, Company.Tomas)).Filter.VaultName);
    }

    [Theory]
    [BothDatabases]
    public async Task There_is_a_limit_for_each_person(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var i = 0; i < SavedAuditFilter.MostPerPerson; i++)
            Assert.Empty((await SaveAsync(world, Company.Ingrid, $"Filter {i}", Filter)).Refusals);
        var refusal = Assert.Single((await SaveAsync(world, Company.Ingrid, "One more", Filter)).Refusals);
        Assert.Equal((RefusalCode.TooManyFilters, 50), (refusal.Code, refusal.Arguments[0]));
        Assert.Empty((await SaveAsync(world, Company.Ingrid, "Filter 3", Filter)).Refusals);
        Assert.Empty((await SaveAsync(world, Company.Tomas, "One more", Filter)).Refusals);
        Assert.Equal(SavedAuditFilter.MostPerPerson + 1, await world.ReadAsync(db => db.SavedAuditFilters.CountAsync(Ct)));
    }

    [Fact]
    public async Task What_cannot_be_meant_is_refused_with_its_field()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        (string? Name, AuditFilter Filter, string Code, string? Field)[] cases =
        [
            (null, Filter, RefusalCode.TextBlank, "name"), (" \u200B", Filter, RefusalCode.TextBlank, "name"), (new string('n', 81), Filter, RefusalCode.TextTooLong, "name"), ("a\0", Filter, RefusalCode.TextControlCharacter, "name"),
            ("Name", new AuditFilter(), RefusalCode.FilterEmpty, null), ("Name", Filter with { Text = "%" }, RefusalCode.FilterUnreadable, "text"), ("Name", Filter with { To = Filter.From }, RefusalCode.RangeInverted, "to"),
        ];
        foreach (var (name, filter, code, field) in cases)
        {
            var refusal = Assert.Single((await SaveAsync(world, Company.Ingrid, name, filter)).Refusals);
            Assert.Equal((code, field), (refusal.Code, refusal.Field));
        }

        Assert.Empty(await ListAsync(world, Company.Ingrid));
    }

    private static async Task<Result<SavedFilter>> SaveAsync(PortalWorld world, TestPerson who, string? name, AuditFilter filter) =>
        await world.Get<SaveAuditFilter>().ExecuteAsync(new FilterToSave(name, filter), await world.IdentifyAsync(who), Ct);

    private static async Task<IReadOnlyList<SavedFilter>> ListAsync(PortalWorld world, TestPerson who) => (await world.Get<ListAuditFilters>().ExecuteAsync(await world.IdentifyAsync(who), Ct)).Value;

    private static async Task<Result<Done>> DeleteAsync(PortalWorld world, TestPerson who, Guid id) => await world.Get<DeleteAuditFilter>().ExecuteAsync(id, await world.IdentifyAsync(who), Ct);
}
