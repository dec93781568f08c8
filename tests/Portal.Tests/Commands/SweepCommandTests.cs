using Microsoft.Extensions.Configuration;
using Portal.Core.Grants;
using Portal.Sandbox;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;
using Portal.Web.Commands;
using Portal.Web.Hosting;

namespace Portal.Tests.Commands;

/// <summary><c>dotnet Portal.Web.dll sweep</c> as a process of its own, against the sandbox over the real SDKs: what a portal that lost its database can still do.</summary>
public sealed class SweepCommandTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sweep-test-").FullName;
    private SandboxHost _sandbox = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private ResourceState Resources => _sandbox.Control.Resources;

    public async ValueTask InitializeAsync() =>
        _sandbox = await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = Path.Combine(_directory, "sandbox") }, Ct);

    public async ValueTask DisposeAsync()
    {
        await _sandbox.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_portal_that_lost_its_database_finds_everything_of_its_own_and_clears_it_and_nothing_else()
    {
        Leave();
        var (overdue, notYet) = (Mark("kv-payments-prod", FenwickCompany.Mira, hours: -1), Mark("kv-logistics-test", FenwickCompany.Jonas, hours: 1));
        var others = Resources.RoleAssignments.Count - 2;

        var looked = await RunAsync("sweep");
        Assert.Equal(ExitCode.Done, looked.Code);
        Assert.Contains($"{overdue.Scope}", looked.Out, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(looked.Out.Split('\n'), l => l.Contains(FenwickCompany.Mira.ToString(), StringComparison.Ordinal) && l.Contains("  overdue", StringComparison.Ordinal) && l.Contains("Key Vault Secrets User", StringComparison.Ordinal));
        Assert.Contains(looked.Out.Split('\n'), l => l.Contains(FenwickCompany.Jonas.ToString(), StringComparison.Ordinal) && l.Contains("  not overdue", StringComparison.Ordinal));
        Assert.Contains("2 with the portal's mark, 1 of them overdue", looked.Out, StringComparison.Ordinal);
        Assert.Contains("without a database", looked.Error, StringComparison.Ordinal);
        Assert.Equal(others + 2, Resources.RoleAssignments.Count);

        var refused = await RunAsync("sweep", "--apply");
        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.StartsWith("ConnectionStrings:Portal: missing;", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--no-database", refused.Error, StringComparison.Ordinal);
        Assert.Equal(others + 2, Resources.RoleAssignments.Count);

        Assert.Equal(ExitCode.Done, (await RunAsync("sweep", "--apply", "--no-database", "--older-than=30m")).Code);
        Assert.Equal((null, notYet), (Resources.FindAssignment(overdue.Name), Resources.FindAssignment(notYet.Name)));
        Assert.Equal(ExitCode.Done, (await RunAsync("sweep", "--apply", "--no-database", "--subscription", FenwickEstate.Production.ToString())).Code);
        Assert.NotNull(Resources.FindAssignment(notYet.Name));
        Assert.Equal(ExitCode.Done, (await RunAsync("sweep", "--apply", "--no-database")).Code);
        Assert.Equal(others, Resources.RoleAssignments.Count);
        Assert.DoesNotContain(Resources.RoleAssignments, a => AssignmentMark.IsOurs(a.Description));
    }

    [Fact]
    public async Task What_could_not_be_looked_at_or_removed_shows_in_the_exit_code()
    {
        Leave();
        Mark("kv-payments-prod", FenwickCompany.Mira, hours: -1);
        var locked = Mark("kv-platform-prod", FenwickCompany.Mira, hours: -1);
        _sandbox.Control.Faults.Add("GET", "/vaults/kv-logistics-prod/providers/Microsoft.Authorization/roleAssignments", Fault.Error(500, "InternalServerError", "Oops."));

        var swept = await RunAsync("sweep", "--apply", "--no-database");

        Assert.Equal(ExitCode.Incomplete, swept.Code);
        Assert.Contains("Vault kv-logistics-prod could not be looked at to the end: InternalServerError: Oops.", swept.Error, StringComparison.Ordinal);
        Assert.Contains("NOT REMOVED: ScopeLocked", swept.Out, StringComparison.Ordinal);
        Assert.Contains("1 removed, 1 could not be removed.", swept.Out, StringComparison.Ordinal);
        Assert.Equal(locked.Name, Assert.Single(Resources.RoleAssignments, a => AssignmentMark.IsOurs(a.Description)).Name);
    }

    [Fact]
    public async Task A_database_that_is_named_and_not_there_stops_it_before_anything_is_taken_for_a_leftover()
    {
        Leave(("Database:Provider", "Sqlite"), ("ConnectionStrings:Portal", $"Data Source={Path.Combine(_directory, "lost.db")}"));
        var kept = Mark("kv-payments-prod", FenwickCompany.Mira, hours: -1);

        var refused = await RunAsync("sweep", "--apply");
        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Contains("--no-database", refused.Error, StringComparison.Ordinal);
        Assert.NotNull(Resources.FindAssignment(kept.Name));
        Assert.False(File.Exists(Path.Combine(_directory, "lost.db")));

        Assert.Equal(ExitCode.Done, (await RunAsync("sweep", "--apply", "--no-database")).Code);
        Assert.Null(Resources.FindAssignment(kept.Name));
    }

    [Fact]
    public async Task Without_a_tenant_and_without_a_running_sandbox_it_says_what_it_needs()
    {
        var refused = await RunAsync("sweep");
        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Contains("AzureAd:TenantId", refused.Error, StringComparison.Ordinal);
        Assert.Contains("start one first", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_portal_left_behind_is_not_taken_for_a_running_sandbox()
    {
        Leave();
        await _sandbox.DisposeAsync();
        var refused = await RunAsync("sweep");
        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Contains("start one first", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_option_is_named()
    {
        var refused = await RunAsync("sweep", "--aply");
        Assert.Equal((ExitCode.Refused, ""), (refused.Code, refused.Out));
        Assert.StartsWith("There is no option --aply.", refused.Error, StringComparison.Ordinal);
    }

    private void Leave(params (string Key, string? Value)[] settings) =>
        SandboxLink.Leave(_sandbox, new ConfigurationBuilder().AddInMemoryCollection(settings.Append((DataDirectory.Key, _directory)).Select(s => KeyValuePair.Create(s.Item1, s.Item2))).Build());

    private RoleAssignment Mark(string vault, Guid person, int hours)
    {
        var scope = FenwickEstate.VaultScope(vault).Child("secrets", "made-up");
        var name = AssignmentName.Of(scope.Value, person, BuiltInRoles.KeyVaultSecretsUser);
        return Resources.Put(new RoleAssignment(name, scope, BuiltInRoles.KeyVaultSecretsUser, person, "User") { Description = AssignmentMark.For(TimeProvider.System.GetUtcNow().AddHours(hours)) }).Result!;
    }

    private Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments) => PortalProcess.RunAsync(_directory, arguments);
}
