using System.Text.Json;
using Portal.Core;
using Portal.Core.Grants;
using Portal.Core.Identity;
using static Portal.Tests.Azure.StubCloud;

namespace Portal.Tests.Azure;

public sealed class RoleAssignmentsTests
{
    private const string Vault = "/subscriptions/9e10c0de-2222-4000-8000-00000000c001/resourceGroups/rg-payments/providers/Microsoft.KeyVault/vaults/kv-payments-prod";
    private const string Scope = Vault + "/secrets/db";
    private static readonly Guid Role = new("4633458b-17de-408a-b874-0445c86b69e6");
    private static readonly AssignmentOrder Order = new(Scope, Guid.NewGuid(), Guid.NewGuid(), PrincipalKind.User, Role, "mark");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    public async Task A_put_sends_the_trio_and_is_ours(int status)
    {
        using var cloud = new StubCloud(_ => Json(status, AssignmentJson.Of(Order), ("x-ms-request-id", "req"), ("x-ms-correlation-request-id", "corr")));
        var written = await cloud.Get<IRoleAssignments>().PutAsync(Order, Ct);
        Assert.Equal(new AssignmentWritten(AssignmentWriteOutcome.Ours, new ProviderCall("req", "corr")), written);
        var call = cloud.Calls.Single();
        Assert.Equal(("PUT", $"https://management.azure.com{Scope}/providers/Microsoft.Authorization/roleAssignments/{Order.Name}?api-version=2022-04-01", Token), (call.Method, call.Uri.AbsoluteUri, call.Token));
        using var body = JsonDocument.Parse(call.Body!);
        var properties = body.RootElement.GetProperty("properties");
        Assert.Single(body.RootElement.EnumerateObject());
        Assert.Equal($"/subscriptions/9e10c0de-2222-4000-8000-00000000c001/providers/Microsoft.Authorization/roleDefinitions/{Role}", properties.GetProperty("roleDefinitionId").GetString());
        Assert.Equal(Order.PrincipalId, properties.GetProperty("principalId").GetGuid());
        Assert.Equal("User", properties.GetProperty("principalType").GetString());
        Assert.Equal("mark", properties.GetProperty("description").GetString());
    }

    [Fact]
    public async Task A_conflict_with_our_own_name_is_ours()
    {
        using var cloud = Conflict(found: AssignmentJson.Of(Order));
        Assert.Equal(AssignmentWriteOutcome.Ours, (await cloud.Get<IRoleAssignments>().PutAsync(Order, Ct)).Outcome);
    }

    [Fact]
    public async Task A_conflict_with_another_name_is_held_by_another()
    {
        using var cloud = Conflict(found: null, AssignmentJson.Of(Order with { Name = Guid.NewGuid() }));
        Assert.Equal(AssignmentWriteOutcome.HeldByAnother, (await cloud.Get<IRoleAssignments>().PutAsync(Order, Ct)).Outcome);
    }

    [Fact]
    public async Task A_conflict_that_only_the_list_shows_under_our_name_is_ours()
    {
        using var cloud = Conflict(found: null, AssignmentJson.Of(Order with { Name = Guid.NewGuid() }), AssignmentJson.Of(Order));
        Assert.Equal(AssignmentWriteOutcome.Ours, (await cloud.Get<IRoleAssignments>().PutAsync(Order, Ct)).Outcome);
    }

    [Fact]
    public async Task A_conflict_with_nothing_to_see_is_asked_again_later()
    {
        // Above the scope, below it, and of another role: none of them is what Azure means.
        using var cloud = Conflict(found: null, AssignmentJson.Of(Order with { Scope = Vault, Name = Guid.NewGuid() }), AssignmentJson.Of(Order with { RoleDefinitionId = Guid.NewGuid(), Name = Guid.NewGuid() }));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().PutAsync(Order, Ct));
        Assert.Equal(("RoleAssignmentExists", 409, true), (e.Code, e.Status, e.IsTransient));
    }

    [Theory]
    [InlineData(204)]
    [InlineData(200)]
    [InlineData(404)]
    public async Task A_delete_of_what_is_there_or_gone_is_done(int status)
    {
        using var cloud = new StubCloud(_ => status switch
        {
            204 => new HttpResponseMessage(System.Net.HttpStatusCode.NoContent),
            200 => Json(200, AssignmentJson.Of(Order)),
            _ => Error(404, "RoleAssignmentNotFound"),
        });
        await cloud.Get<IRoleAssignments>().DeleteAsync(Scope, Order.Name, Ct);
        Assert.Equal("DELETE", cloud.Calls.Single().Method);
    }

    [Fact]
    public async Task A_404_that_Azure_does_not_explain_takes_nothing_back()
    {
        using var cloud = new StubCloud(_ => Html(404));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().DeleteAsync(Scope, Order.Name, Ct));
        Assert.Equal(404, e.Status);
        await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().FindAsync(Scope, Order.Name, Ct));
    }

    [Theory]
    [InlineData("ResourceNotFound")]
    [InlineData("ResourceGroupNotFound")]
    [InlineData("SubscriptionNotFound")]
    public async Task What_went_with_its_scope_is_gone_and_what_still_shows_is_not(string code)
    {
        using var gone = new StubCloud(_ => Error(404, code));
        await gone.Get<IRoleAssignments>().DeleteAsync(Scope, Order.Name, Ct);
        Assert.Equal(["DELETE", "GET"], gone.Calls.Select(c => c.Method));

        using var there = new StubCloud(c => c.Method == "DELETE" ? Error(404, code) : Json(200, AssignmentJson.Of(Order)));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => there.Get<IRoleAssignments>().DeleteAsync(Scope, Order.Name, Ct));
        Assert.Equal((code, true), (e.Code, e.IsTransient));

        // A read that cannot tell settles nothing either.
        using var unclear = new StubCloud(c => c.Method == "DELETE" ? Error(404, code) : Error(403, "AuthorizationFailed"));
        Assert.Equal("AuthorizationFailed", (await Assert.ThrowsAsync<CloudCallException>(() => unclear.Get<IRoleAssignments>().DeleteAsync(Scope, Order.Name, Ct))).Code);
    }

    [Fact]
    public async Task Find_gives_null_for_what_is_not_there()
    {
        using var cloud = new StubCloud(_ => Error(404, "RoleAssignmentNotFound"));
        Assert.Null(await cloud.Get<IRoleAssignments>().FindAsync(Scope, Order.Name, Ct));
    }

    [Fact]
    public async Task A_list_holds_what_stands_exactly_at_the_scope()
    {
        var upper = Order with { Scope = Scope.ToUpperInvariant().Replace("/SUBSCRIPTIONS/", "/subscriptions/", StringComparison.Ordinal), Name = Guid.NewGuid() };
        using var cloud = new StubCloud(c => c.Uri.Query.Contains("skip", StringComparison.Ordinal)
            ? Json(200, AssignmentJson.Page(null, AssignmentJson.Of(upper), AssignmentJson.Of(Order)))
            : Json(200, AssignmentJson.Page($"https://management.azure.com{Scope}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&skip=1",
                AssignmentJson.Of(Order), AssignmentJson.Of(Order with { Scope = Vault, Name = Guid.NewGuid() }), AssignmentJson.Of(Order with { Scope = Scope + "2", Name = Guid.NewGuid() }),
                AssignmentJson.Of(Order with { PrincipalId = Guid.NewGuid(), Name = Guid.NewGuid() }))));
        var seen = await cloud.Get<IRoleAssignments>().ListAtAsync(Scope, Order.PrincipalId, Ct);
        Assert.Equal(new[] { Order.Name, upper.Name }.Order(), seen.Select(a => a.Name).Order());
        Assert.All(seen, a => Assert.Equal(Role, a.RoleDefinitionId));
        Assert.Contains($"principalId eq '{Order.PrincipalId}'", Uri.UnescapeDataString(cloud.Calls.First().Uri.Query), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example/next")]
    [InlineData("http://management.azure.com/next")]
    [InlineData("https://management.azure.com:8443/next")]
    [InlineData("https://management.azure.com.evil.example/next")]
    [InlineData("https://management.azure.com@evil.example/next")]
    [InlineData("/next")]
    public async Task A_link_to_another_host_gets_no_call(string link)
    {
        using var cloud = new StubCloud(_ => Json(200, AssignmentJson.Page(link, AssignmentJson.Of(Order))));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().ListAtAsync(Scope, Order.PrincipalId, Ct));
        Assert.Equal("UnreadableAnswer", e.Code);
        Assert.Single(cloud.Calls);
    }

    [Fact]
    public async Task Pages_that_lead_back_to_themselves_end()
    {
        var n = 0;
        using var cloud = new StubCloud(_ => Json(200, AssignmentJson.Page($"https://management.azure.com/next?page={n++ % 3}", AssignmentJson.Of(Order))));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().ListAtAsync(Scope, Order.PrincipalId, Ct));
        Assert.Equal("UnreadableAnswer", e.Code);
        Assert.Equal(4, cloud.Calls.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/subscriptions/9e10c0de-2222-4000-8000-00000000c001")]
    [InlineData(Vault + "/secrets/../../other")]
    [InlineData(Vault + "/secrets/db?api-version=1#")]
    [InlineData(Vault + "/secrets/db/providers/Microsoft.Authorization/locks/x")]
    [InlineData(Scope + "\n")]
    [InlineData("/subscriptions/9e10c0de-2222-4000-8000-00000000c001/resourceGroups/../providers/Microsoft.KeyVault/vaults/kv-payments-prod")]
    public async Task A_scope_that_is_no_vault_and_no_secret_is_never_sent(string scope)
    {
        using var cloud = new StubCloud(_ => Json(200, AssignmentJson.Of(Order)));
        var seam = cloud.Get<IRoleAssignments>();
        Assert.Equal("InvalidScope", (await Assert.ThrowsAsync<CloudCallException>(() => seam.PutAsync(Order with { Scope = scope }, Ct))).Code);
        Assert.Equal("InvalidScope", (await Assert.ThrowsAsync<CloudCallException>(() => seam.DeleteAsync(scope, Order.Name, Ct))).Code);
        Assert.Empty(cloud.Calls);
    }

    private static StubCloud Conflict(string? found, params string[] listed) => new(c => c switch
    {
        { Method: "PUT" } => Error(409, "RoleAssignmentExists", "The role assignment already exists."),
        _ when !c.Path.EndsWith("/roleAssignments", StringComparison.Ordinal) => found is null ? Error(404, "RoleAssignmentNotFound") : Json(200, found),
        _ => Json(200, AssignmentJson.Page(null, listed)),
    });
}
