using System.Text.Json;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;
using Portal.Tests.World;

namespace Portal.Tests.Sandbox;

public sealed class CloudControlTests : IAsyncLifetime
{
    private const string Read = "/secrets/adyen-hmac-key?api-version=7.6";
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-payments-prod", "adyen-hmac-key");
    private static readonly Guid User = BuiltInRoles.KeyVaultSecretsUser;
    private static readonly Guid Portal = FenwickCompany.PortalPrincipal;
    private readonly SandboxFixture _sandbox = new();

    private CloudClients Cloud => new(_sandbox.Host, _sandbox.Handler);

    private global::Portal.Sandbox.SandboxControl Control => _sandbox.Host.Control;

    public ValueTask InitializeAsync() => _sandbox.InitializeAsync();

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Fact]
    public async Task Key_vault_and_lists_notice_late_on_the_sandboxs_clock()
    {
        Control.Propagation.KeyVaultAdd = TimeSpan.FromMinutes(5);
        Control.Propagation.KeyVaultRemove = TimeSpan.FromMinutes(10);
        Control.Propagation.ReadAdd = TimeSpan.FromMinutes(2);
        Control.Propagation.ReadRemove = TimeSpan.FromMinutes(3);
        var name = Guid.NewGuid();
        Assert.Equal(201, await PutAsync(name));
        Assert.Equal(404, await GetAsync(name));
        Assert.Equal(403, await ReadAsync());
        // Writes know the truth.
        Assert.Equal(200, await PutAsync(name));
        Assert.Equal(409, await PutAsync(Guid.NewGuid()));

        Control.Clock.Advance(TimeSpan.FromMinutes(2.5));
        Assert.Equal(200, await GetAsync(name));
        Assert.Equal(403, await ReadAsync());
        Control.Clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(200, await ReadAsync());

        Assert.Equal(200, (await Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(Secret, name), Portal)).Status);
        Assert.Equal(204, (await Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(Secret, name), Portal)).Status);
        Assert.Equal(200, await GetAsync(name));
        Control.Clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(404, await GetAsync(name));
        Assert.Equal(200, await ReadAsync());
        Control.Clock.Advance(TimeSpan.FromMinutes(7));
        Assert.Equal(403, await ReadAsync());
    }

    [Fact]
    public async Task A_fresh_principal_is_unknown_unless_its_type_is_sent()
    {
        Control.Propagation.HidePrincipal(FenwickCompany.Mira, TimeSpan.FromMinutes(2));
        Assert.Equal("PrincipalNotFound", (await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), Portal, CloudClients.Grant(User, FenwickCompany.Mira, null))).Code);
        Control.Clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(201, (await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), Portal, CloudClients.Grant(User, FenwickCompany.Mira, null))).Status);
    }

    [Fact]
    public async Task Beyond_the_bucket_calls_are_refused_until_it_has_filled_again()
    {
        Control.Throttle.ResourceManager = true;
        // Slow enough that the real time of this test refills nothing.
        Control.Throttle.Deletes = new BucketSize(3, 0.01);
        Assert.Equal(new BucketSize(250, 25), Control.Throttle.Reads);
        Assert.Equal(new BucketSize(200, 10), Control.Throttle.Writes);
        for (var left = 2; left >= 0; left--)
        {
            var answer = await DeleteAsync(Portal);
            Assert.Equal((204, left.ToString(System.Globalization.CultureInfo.InvariantCulture)), (answer.Status, answer.Headers["x-ms-ratelimit-remaining-subscription-deletes"]));
        }

        var refused = await DeleteAsync(Portal);
        Assert.Equal((429, "SubscriptionRequestsThrottled"), (refused.Status, refused.Code));
        JsonShape.Authorization.Fits("ErrorResponse", refused.Json);
        var wait = int.Parse(refused.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(wait, 1, 200);
        // Another caller and another kind of call have buckets of their own.
        Assert.Equal(204, (await DeleteAsync(FenwickCompany.ExplorerPrincipal)).Status);
        Assert.Equal(201, await PutAsync(Guid.NewGuid()));
        Control.Clock.Advance(TimeSpan.FromSeconds(wait + 1));
        Assert.Equal(204, (await DeleteAsync(Portal)).Status);

        Task<Answer> DeleteAsync(Guid who) => Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), who);
    }

    [Fact]
    public async Task A_subscription_that_is_full_takes_no_more()
    {
        Control.Resources.AssignmentLimit = Control.Resources.RoleAssignments.Count(a => a.Scope.SubscriptionId == FenwickEstate.Production) + 1;
        Assert.Equal(201, await PutAsync(Guid.NewGuid()));
        var full = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), Portal, CloudClients.Grant(User, FenwickCompany.Jonas));
        Assert.Equal((400, "RoleAssignmentLimitExceeded"), (full.Status, full.Code));
    }

    [Fact]
    public async Task Faults_hit_the_calls_they_are_told_to()
    {
        var rule = Control.Faults.Add("PUT", "/roleAssignments/", Fault.Error(503, "ServerBusy", retryAfter: "7")).Nth(2);
        Assert.Equal(201, await PutAsync(Guid.NewGuid(), FenwickCompany.Mira));
        var busy = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), Portal, CloudClients.Grant(User, FenwickCompany.Jonas));
        Assert.Equal((503, "ServerBusy", "7"), (busy.Status, busy.Code, busy.Headers["Retry-After"]));
        Assert.Equal(201, await PutAsync(Guid.NewGuid(), FenwickCompany.Jonas));
        Assert.Equal(1, rule.Fired);

        Control.Faults.Clear();
        Control.Faults.Add("GET", "/subscriptions", Fault.Html(502)).Times(1);
        Control.Faults.Add("GET", "/subscriptions", Fault.Empty(500)).Times(1);
        Control.Faults.Add("GET", "/subscriptions", Fault.ClaimsChallenge("""{"access_token":{}}""")).Times(1);
        var html = await ListAsync();
        Assert.Equal((502, "text/html"), (html.Status, html.Headers["Content-Type"]));
        Assert.Equal((500, ""), await ListAsync() is var empty ? (empty.Status, empty.Text) : default);
        Assert.Contains("insufficient_claims", (await ListAsync()).Headers["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.Equal(200, (await ListAsync()).Status);

        Task<Answer> ListAsync() => Cloud.ArmAsync(HttpMethod.Get, "/subscriptions?api-version=2022-12-01", Portal);
    }

    [Fact]
    public async Task A_broken_connection_has_had_its_effect_or_not()
    {
        Control.Faults.Add("PUT", "/roleAssignments/", Fault.ResetBefore).Times(1);
        Control.Faults.Add("PUT", "/roleAssignments/", Fault.ResetAfter).Times(1);
        var (before, after, lost) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        await Assert.ThrowsAsync<HttpRequestException>(() => PutAsync(before, FenwickCompany.Mira));
        Assert.Null(Control.Resources.FindAssignment(before));
        await Assert.ThrowsAsync<HttpRequestException>(() => PutAsync(after, FenwickCompany.Mira));
        Assert.NotNull(Control.Resources.FindAssignment(after));

        Control.Faults.Clear();
        Control.Faults.Add("PUT", "/roleAssignments/", Fault.Truncated).Times(1);
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            try
            {
                await PutAsync(lost, FenwickCompany.Jonas);
            }
            catch (HttpRequestException e) when (e.InnerException is IOException inner)
            {
                throw inner;
            }
        });
        Assert.NotNull(Control.Resources.FindAssignment(lost));
    }

    [Fact]
    public async Task A_late_put_arrives_though_its_caller_has_left()
    {
        var release = new TaskCompletionSource();
        var held = Control.Faults.Add("PUT", "/roleAssignments/", Fault.HoldUntil(release.Task)).Times(1);
        var name = Guid.NewGuid();
        using var patience = new CancellationTokenSource();
        using (var client = new HttpClient(_sandbox.Handler, disposeHandler: false))
        using (var request = new HttpRequestMessage(HttpMethod.Put, CloudClients.Arm + CloudClients.AssignmentPath(Secret, name)))
        {
            request.Headers.Authorization = new("Bearer", Cloud.Token(Portal, CloudClients.ArmAudience));
            request.Content = new StringContent(CloudClients.Grant(User, FenwickCompany.Mira).ToJsonString(), System.Text.Encoding.UTF8, "application/json");
            var sent = client.SendAsync(request, patience.Token);
            await SandboxWorld.UntilAsync(() => held.Fired == 1);
            await patience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sent);
        }

        Assert.Null(Control.Resources.FindAssignment(name));
        release.SetResult();
        await SandboxWorld.UntilAsync(() => Control.Resources.FindAssignment(name) is not null);
    }

    [Fact]
    public async Task A_delay_passes_with_the_sandboxs_clock()
    {
        var held = Control.Faults.Add("GET", "/subscriptions", Fault.Delay(TimeSpan.FromHours(1))).Times(1);
        var call = Cloud.ArmAsync(HttpMethod.Get, "/subscriptions?api-version=2022-12-01", Portal);
        await SandboxWorld.UntilAsync(() => held.Fired == 1);
        Assert.False(call.IsCompleted);
        // It may be about to begin to wait: then it waits for the next hours.
        await SandboxWorld.UntilAsync(() =>
        {
            Control.Clock.Advance(TimeSpan.FromHours(2));
            return call.IsCompleted;
        });
        Assert.Equal(200, (await call).Status);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_secrets_and_no_value_is_printed()
    {
        await using var own = new OwnSandbox();
        var other = (await own.StartAsync()).Host.Control;
        var mine = Control.Vaults.Latest("kv-payments-prod");
        Assert.Equal(mine.Select(s => s.Value), other.Vaults.Latest("kv-payments-prod").Select(s => s.Value));
        Assert.All(mine, s => Assert.Contains("canary", s.Value, StringComparison.Ordinal));
        Assert.All(mine, s => Assert.DoesNotContain("canary", s.ToString(), StringComparison.Ordinal));
        Assert.DoesNotContain("canary", JsonSerializer.Serialize(Control.Requests.Calls), StringComparison.Ordinal);
    }

    private async Task<int> PutAsync(Guid name, Guid? who = null) =>
        (await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, name), Portal, CloudClients.Grant(User, who ?? FenwickCompany.Mira))).Status;

    private async Task<int> GetAsync(Guid name) => (await Cloud.ArmAsync(HttpMethod.Get, CloudClients.AssignmentPath(Secret, name), Portal)).Status;

    private async Task<int> ReadAsync() => (await Cloud.VaultAsync(HttpMethod.Get, "kv-payments-prod", Read, FenwickCompany.Mira)).Status;
}
