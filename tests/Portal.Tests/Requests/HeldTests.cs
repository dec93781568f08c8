using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Requests;

/// <summary>Whoever is about to ask is told what they hold already, and only what they really hold.</summary>
public sealed class HeldTests
{
    private static readonly Guid Readers = new("61a0c001-0000-4000-8000-000000000009");
    private static readonly DateTimeOffset Later = PortalWorld.Start.AddHours(3);

    [Theory, BothDatabases]
    public async Task What_has_the_role_is_held_until_its_end(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var held = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Equal(held.EndsAt, (await EntryAsync(world)).HeldUntil);
        Assert.Equal(held.EndsAt, (await PreviewAsync(world)).HeldUntil);
        Assert.Null((await EntryAsync(world)).Promised);
        Assert.Null((await PreviewAsync(world)).Promised);
    }

    [Theory, BothDatabases]
    public async Task What_begins_later_is_not_held_now(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync(draft: PortalWorld.Draft(start: Later));
        await world.WorkAsync();
        var (entry, preview) = (await EntryAsync(world), await PreviewAsync(world));
        Assert.Null(entry.HeldUntil);
        Assert.Null(preview.HeldUntil);
        Assert.Equal(new PromisedAccess(Later, Later.AddMinutes(30)), entry.Promised);
        Assert.Equal(entry.Promised, preview.Promised);
    }

    [Fact]
    public async Task What_a_pause_keeps_back_is_not_held()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.PauseAsync(new PauseInput(PauseTarget.Everything, null, null, "A breach is looked into", false));
        await world.WorkAsync();
        var (entry, preview) = (await EntryAsync(world), await PreviewAsync(world));
        Assert.Null(entry.HeldUntil);
        Assert.Null(preview.HeldUntil);
        Assert.Equal(PortalWorld.Start, entry.Promised?.StartsAt);
        Assert.Equal(entry.Promised, preview.Promised);
    }

    [Theory]
    [InlineData(GrantProvider.RoleAssignment)]
    [InlineData(GrantProvider.GroupMembership)]
    [InlineData(GrantProvider.PimSchedule)]
    public async Task It_is_held_whichever_way_it_was_given(GrantProvider provider)
    {
        await using var world = await GivenByAsync(provider);
        var held = await world.PromiseAsync(draft: PortalWorld.Draft(Company.PaymentsVault));
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(held.RequestId)).State);
        Assert.Equal(held.EndsAt, (await PreviewAsync(world, Company.PaymentsVault)).HeldUntil);
        // Another role there is another thing.
        if (provider != GrantProvider.GroupMembership)
            Assert.Null((await PreviewAsync(world, Company.PaymentsVault, GrantableRole.SecretsOfficer)).HeldUntil);
    }

    [Fact]
    public async Task More_time_for_a_schedule_that_stands_needs_no_room()
    {
        await using var world = await GivenByAsync(GrantProvider.PimSchedule);
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.Others = 4000;
        world.Clock.Advance(TimeSpan.FromSeconds(61));
        await world.PromiseAsync(draft: PortalWorld.Draft(start: first.EndsAt));
    }

    private static async Task<PortalWorld> GivenByAsync(GrantProvider provider)
    {
        var world = await PortalWorld.OpenAsync();
        await world.LoadPoliciesAsync([.. Company.Policies.Select(p => p.Name != "payments" ? p : p with
        {
            Provider = provider,
            Roles = provider == GrantProvider.GroupMembership ? [GrantableRole.SecretsUser.Name] : p.Roles,
            Secrets = provider == GrantProvider.GroupMembership ? [] : p.Secrets,
            ProviderGroup = provider == GrantProvider.GroupMembership ? new PolicyGroup(Readers, "payments-secret-readers") : null,
        })]);
        if (provider == GrantProvider.GroupMembership)
            world.Cloud.HoldByAnother(Company.PaymentsVault, Readers, GrantableRole.SecretsUser.DefinitionId);
        return world;
    }

    private static async Task<CatalogEntry> EntryAsync(PortalWorld world) =>
        (await world.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(), await world.IdentifyAsync(Company.Mira), Ct)).Value.Entries.Items.Single(e => e.Scope == Company.Stripe);

    private static async Task<RequestPreview> PreviewAsync(PortalWorld world, string? scope = null, GrantableRole? role = null) =>
        (await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(scope, role: role), await world.IdentifyAsync(Company.Mira), Ct)).Value;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
