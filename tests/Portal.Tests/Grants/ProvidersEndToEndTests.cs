using Azure;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Portal.Azure;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Migrations.Sqlite;
using Portal.Sandbox.Company;
using Portal.Tests.Sandbox;
using Portal.Tests.World;
using Portal.Web.Policies;

namespace Portal.Tests.Grants;

/// <summary>From the ask to the secret and back by the other two ways, with the policies that a checkout starts with: real SDKs, a real wire, and Key Vault as the judge.</summary>
public sealed class ProvidersEndToEndTests : IAsyncLifetime
{
    private const string TestVault = "kv-logistics-test";
    private readonly SandboxFixture _sandbox = new();
    private PortalDatabase? _database;
    private ServiceProvider? _portal;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _sandbox.InitializeAsync();
        _database = await PortalDatabase.CreateAsync(DatabaseKind.Sqlite);
        _portal = Start();
        var faults = new List<string>();
        var policies = ConfiguredPolicies.Read(new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, CompanyPolicies.FileName)).Build(), faults);
        Assert.Empty(faults);
        Assert.True((await Get<LoadPolicies>().ExecuteAsync(policies, Actor.System, Ct)).Succeeded);
        Assert.True((await Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Succeeded);
    }

    public async ValueTask DisposeAsync()
    {
        if (_portal is not null) await _portal.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
        await _sandbox.DisposeAsync();
    }

    [Fact]
    public async Task Two_grants_through_one_group_open_the_vault_as_long_as_one_of_them_needs_it()
    {
        Assert.False(await ReadsAsync(FenwickCompany.Jonas, TestVault));
        var first = await PromiseAsync(Company.Jonas, TestVault, GrantableRole.SecretsUser, 30);
        var second = await PromiseAsync(Company.Jonas, TestVault, GrantableRole.SecretsUser, 120);
        await WorkAsync();
        Assert.True(await ReadsAsync(FenwickCompany.Jonas, TestVault));
        var assignments = _sandbox.Host.Control.Resources.RoleAssignments.Count;

        await PassAsync(TimeSpan.FromMinutes(31));
        Assert.Equal(GrantState.Ended, (await GrantAsync(first)).State);
        Assert.True(await ReadsAsync(FenwickCompany.Jonas, TestVault));
        Assert.Empty((await Get<ReturnGrant>().ExecuteAsync((await GrantAsync(second)).Id, await IdentifyAsync(Company.Jonas), Ct)).Refusals);
        await WorkAsync();
        Assert.Equal(GrantState.Ended, (await GrantAsync(second)).State);
        Assert.False(await ReadsAsync(FenwickCompany.Jonas, TestVault));
        Assert.Equal(assignments, _sandbox.Host.Control.Resources.RoleAssignments.Count);
    }

    [Fact]
    public async Task Who_was_in_the_group_before_keeps_what_it_opens()
    {
        _sandbox.Host.Control.Directory.AddMember(FenwickCompany.LogisticsTestReaders, FenwickCompany.Jonas);
        var request = await PromiseAsync(Company.Jonas, TestVault, GrantableRole.SecretsUser, 30);
        await WorkAsync();
        Assert.True((await GrantAsync(request)).StandingAccess);
        await PassAsync(TimeSpan.FromMinutes(31));
        Assert.Equal(GrantState.Ended, (await GrantAsync(request)).State);
        Assert.True(await ReadsAsync(FenwickCompany.Jonas, TestVault));
        Assert.DoesNotContain(_sandbox.Host.Control.Requests.Calls, c => c.Path.EndsWith("$ref", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_schedule_ends_while_the_portal_is_gone_and_the_portal_finds_it_ended()
    {
        const string vault = "kv-logistics-prod";
        var secret = _sandbox.Host.Control.Vaults.Latest(vault).First(s => s.Settings.Enabled).Name;
        var request = await PromiseAsync(Company.Jonas, vault, GrantableRole.SecretsOfficer, 30, secret);
        await WorkAsync();
        Assert.Equal(GrantState.Active, (await GrantAsync(request)).State);
        Assert.True(await ReadsAsync(FenwickCompany.Jonas, vault, secret));

        await _portal!.DisposeAsync();
        _portal = null;
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromMinutes(31));
        Assert.False(await ReadsAsync(FenwickCompany.Jonas, vault, secret));
        _portal = Start();
        await WorkAsync();
        var ended = await GrantAsync(request);
        Assert.Equal((GrantState.Ended, GrantEnding.Expired), (ended.State, ended.Ending));
    }

    [Fact]
    public async Task A_lapsed_licence_is_found_and_the_access_is_still_taken_back_on_time()
    {
        const string vault = "kv-logistics-prod";
        var secret = _sandbox.Host.Control.Vaults.Latest(vault).First(s => s.Settings.Enabled).Name;
        var request = await PromiseAsync(Company.Jonas, vault, GrantableRole.SecretsOfficer, 30, secret);
        await WorkAsync();
        _sandbox.Host.Control.Resources.ScheduleLicence = false;
        await Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await WorkAsync();
        Assert.Equal("ScheduleTurnedPermanent", (await GrantAsync(request)).AttentionCode);

        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromMinutes(31));
        Assert.True(await ReadsAsync(FenwickCompany.Jonas, vault, secret));
        await WorkAsync();
        Assert.False(await ReadsAsync(FenwickCompany.Jonas, vault, secret));
        Assert.Equal(GrantState.Ended, (await GrantAsync(request)).State);
    }

    [Fact]
    public async Task A_schedule_whose_vault_is_gone_is_over_and_nobody_is_called_for_it()
    {
        const string vault = "kv-logistics-prod";
        var secret = _sandbox.Host.Control.Vaults.Latest(vault).First(s => s.Settings.Enabled).Name;
        var request = await PromiseAsync(Company.Jonas, vault, GrantableRole.SecretsOfficer, 30, secret);
        await WorkAsync();
        await PassAsync(TimeSpan.FromMinutes(6));
        _sandbox.Host.Control.Resources.RemoveVault(vault);
        var asked = _sandbox.Host.Control.Requests.Calls.Count(c => c.Method is "PUT" or "POST");
        var active = await GrantAsync(request);
        Assert.Empty((await Get<ReturnGrant>().ExecuteAsync(active.Id, await IdentifyAsync(Company.Jonas), Ct)).Refusals);
        for (var minute = 0; minute < 12; minute++)
            await PassAsync(TimeSpan.FromMinutes(1));
        var ended = await GrantAsync(request);
        Assert.Equal((GrantState.Ended, null), (ended.State, ended.AttentionCode));
        Assert.Equal(asked, _sandbox.Host.Control.Requests.Calls.Count(c => c.Method is "PUT" or "POST"));
        await using var db = await Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct);
        Assert.Null((await db.DesiredAssignments.SingleAsync(a => a.Id == ended.AssignmentId, Ct)).DueAt);
    }

    [Fact]
    public async Task What_waits_for_an_approval_in_Azure_gives_nothing_any_more_once_the_grant_is_returned()
    {
        const string vault = "kv-logistics-prod";
        _sandbox.Host.Control.Resources.ScheduleApproval = true;
        var secret = _sandbox.Host.Control.Vaults.Latest(vault).First(s => s.Settings.Enabled).Name;
        var request = await PromiseAsync(Company.Jonas, vault, GrantableRole.SecretsOfficer, 60, secret);
        await WorkAsync();
        var waiting = await GrantAsync(request);
        Assert.Equal((GrantState.Provisioning, "ScheduleNeedsApproval"), (waiting.State, waiting.AttentionCode));
        Assert.Empty((await Get<ReturnGrant>().ExecuteAsync(waiting.Id, await IdentifyAsync(Company.Jonas), Ct)).Refusals);
        await WorkAsync();
        Assert.Equal(GrantState.Ended, (await GrantAsync(request)).State);
        Assert.All(_sandbox.Host.Control.Resources.ScheduleRequests, asked => Assert.Null(_sandbox.Host.Control.Resources.ApproveScheduleRequest(asked.Name)));
        Assert.False(await ReadsAsync(FenwickCompany.Jonas, vault, secret));
    }

    [Fact]
    public async Task A_membership_in_a_deleted_group_is_taken_back_when_somebody_restores_it_and_let_go_when_it_is_gone_for_good()
    {
        var request = await PromiseAsync(Company.Jonas, TestVault, GrantableRole.SecretsUser, 30);
        await WorkAsync();
        Assert.True(await ReadsAsync(FenwickCompany.Jonas, TestVault));
        var directory = _sandbox.Host.Control.Directory;
        directory.Delete(FenwickCompany.LogisticsTestReaders);
        await Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await WorkAsync();
        Assert.Equal((GrantState.Active, "GroupDeleted"), ((await GrantAsync(request)).State, (await GrantAsync(request)).AttentionCode));
        for (var minute = 0; minute < 60; minute++)
            await PassAsync(TimeSpan.FromMinutes(1));
        var over = await GrantAsync(request);
        Assert.Equal((GrantState.Ended, "GroupDeleted"), (over.State, over.AttentionCode));

        directory.Restore(FenwickCompany.LogisticsTestReaders);
        Assert.True(await ReadsAsync(FenwickCompany.Jonas, TestVault));
        for (var minute = 0; minute < 11; minute++)
            await PassAsync(TimeSpan.FromMinutes(1));
        Assert.False(await ReadsAsync(FenwickCompany.Jonas, TestVault));
        Assert.Null((await GrantAsync(request)).AttentionCode);

        var second = await PromiseAsync(Company.Jonas, TestVault, GrantableRole.SecretsUser, 30);
        await WorkAsync();
        directory.Delete(FenwickCompany.LogisticsTestReaders);
        directory.Purge(FenwickCompany.LogisticsTestReaders);
        for (var minute = 0; minute < 45; minute++)
            await PassAsync(TimeSpan.FromMinutes(1));
        over = await GrantAsync(second);
        Assert.Equal((GrantState.Ended, null), (over.State, over.AttentionCode));
        await using var db = await Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct);
        Assert.Null((await db.DesiredAssignments.SingleAsync(a => a.Id == over.AssignmentId, Ct)).DueAt);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_membership_in_a_group_of_which_the_directory_shows_neither_that_it_stands_nor_that_it_is_deleted_is_not_let_go_on_that_account(bool atTheEnd)
    {
        var request = await PromiseAsync(Company.Jonas, TestVault, GrantableRole.SecretsUser, 30);
        await WorkAsync();
        var directory = _sandbox.Host.Control.Directory;
        if (atTheEnd)
            await PassAsync(TimeSpan.FromMinutes(29));
        directory.Delete(FenwickCompany.LogisticsTestReaders);
        // Not everywhere in the directory yet.
        _sandbox.Host.Control.Faults.Add("GET", "/v1.0/directory/deletedItems/", Portal.Sandbox.Control.Fault.Error(404, "Request_ResourceNotFound")).Times(1);
        if (!atTheEnd)
            await Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        for (var minute = 0; minute < 45; minute++)
            await PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(GrantState.Ended, (await GrantAsync(request)).State);

        directory.Restore(FenwickCompany.LogisticsTestReaders);
        for (var minute = 0; minute < 11; minute++)
            await PassAsync(TimeSpan.FromMinutes(1));
        Assert.False(await ReadsAsync(FenwickCompany.Jonas, TestVault));
    }

    [Fact]
    public async Task Who_is_put_in_by_an_administrator_after_a_call_that_was_turned_down_stays_also_where_nobody_says_why_it_was()
    {
        var faults = _sandbox.Host.Control.Faults;
        faults.Add("POST", $"/v1.0/groups/{FenwickCompany.LogisticsTestReaders}/members/", Portal.Sandbox.Control.Fault.Error(404, "Request_ResourceNotFound")).Times(1);
        faults.Add("GET", "/v1.0/directory/deletedItems/", Portal.Sandbox.Control.Fault.Error(503, "ServiceUnavailable")).Times(10);
        await PromiseAsync(Company.Jonas, TestVault, GrantableRole.SecretsUser, 30);
        await WorkAsync();
        _sandbox.Host.Control.Directory.AddMember(FenwickCompany.LogisticsTestReaders, FenwickCompany.Jonas);
        for (var minute = 0; minute < 45; minute++)
            await PassAsync(TimeSpan.FromMinutes(1));
        Assert.True(await ReadsAsync(FenwickCompany.Jonas, TestVault));
    }

    private T Get<T>() where T : notnull => _portal!.GetRequiredService<T>();

    private ServiceProvider Start() => new ServiceCollection()
        .AddLogging()
        .AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = Environments.Development })
        .AddSingleton(new CloudTransport(_sandbox.Host.CreateHandler))
        // The portal goes by the same time as the cloud.
        .AddSingleton<TimeProvider>(_sandbox.Host.Control.Clock)
        .AddSingleton<IDueWork, SqliteDueWork>().AddSingleton<IDatabaseClock>(new FakeDatabaseClock(_sandbox.Host.Control.Clock))
        .AddPortalDb((_, options) => _database!.Configure(options))
        .AddPortalAzure(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureAd:TenantId"] = _sandbox.Host.Addresses.TenantId.ToString(),
            ["AzureAd:ClientId"] = _sandbox.Host.PortalClient.ClientId.ToString(),
            ["AzureAd:ClientSecret"] = _sandbox.Host.PortalClient.ClientSecret,
            ["Cloud:AuthorityHost"] = _sandbox.Host.Addresses.Instance,
            ["Cloud:Credential"] = "ClientSecret",
        }).Build())
        .AddPortalCore()
        .BuildServiceProvider();

    private Task<Actor> IdentifyAsync(TestPerson person) => Get<IdentifyActor>().ExecuteAsync(
        new SignedInPerson(person.Id, person.Name, person.Upn, person.Roles.ToHashSet(), person.Groups.ToHashSet(), new ClientInfo("192.0.2.7", "test"), null), Ct);

    private async Task<Guid> PromiseAsync(TestPerson who, string vault, GrantableRole role, int minutes, string? secret = null)
    {
        await using var db = _database!.Open();
        var vaultId = await db.Vaults.Where(v => v.Name == vault).Select(v => v.ArmId).SingleAsync(Ct);
        var draft = new RequestDraft(secret is null ? vaultId : ArmId.OfSecret(vaultId, secret), role.DefinitionId, null, TimeSpan.FromMinutes(minutes), "Rotate the key", "INC-4711");
        var asked = await Get<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), draft), await IdentifyAsync(who), Ct);
        Assert.Empty(asked.Refusals);
        Assert.Empty((await Get<DecideRequest>().ExecuteAsync(new DecisionInput(asked.Value.RequestId, Verdict.Approved, null), await IdentifyAsync(Company.Tomas), Ct)).Refusals);
        return asked.Value.RequestId;
    }

    private async Task<Grant> GrantAsync(Guid requestId)
    {
        await using var db = _database!.Open();
        return await db.Grants.AsNoTracking().SingleAsync(g => g.RequestId == requestId, Ct);
    }

    private async Task WorkAsync()
    {
        for (var turn = 0; turn < 50; turn++)
        {
            var claims = (await Get<ClaimDueAssignments>().ExecuteAsync(20, Actor.System, Ct)).Value.Claims;
            if (claims.Count == 0) return;
            foreach (var claim in claims) await Get<DriveAssignment>().ExecuteAsync(claim, Actor.System, Ct);
        }

        Assert.Fail("The grant worker goes round in circles.");
    }

    private Task PassAsync(TimeSpan time)
    {
        var clock = _sandbox.Host.Control.Clock;
        clock.Advance(time);
        // Its jump is one of the wall clock: Resource Manager's is to be heard to have made it too.
        Get<ClockWatch>().HearResourceManager(clock.GetUtcNow(), clock.GetTimestamp());
        return WorkAsync();
    }

    private async Task<bool> ReadsAsync(Guid person, string vault, string? secret = null)
    {
        secret ??= _sandbox.Host.Control.Vaults.Latest(vault).First(s => s.Settings.Enabled).Name;
        try
        {
            await new CloudClients(_sandbox.Host, _sandbox.Handler).Secrets(vault, person).GetSecretAsync(secret, cancellationToken: Ct);
            return true;
        }
        catch (RequestFailedException refused) when (refused.Status == 403)
        {
            return false;
        }
    }
}
