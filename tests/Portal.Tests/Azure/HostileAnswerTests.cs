using System.Net;
using System.Text.Json;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;
using static Portal.Tests.Azure.StubCloud;

namespace Portal.Tests.Azure;

/// <summary>What becomes of answers that no SDK expects. All go through the same gate, shown here on role assignments.</summary>
public sealed class HostileAnswerTests
{
    private const string Scope = "/subscriptions/9e10c0de-2222-4000-8000-00000000c001/resourceGroups/rg-payments/providers/Microsoft.KeyVault/vaults/kv-payments-prod/secrets/db";
    private static readonly AssignmentOrder Order = new(Scope, Guid.NewGuid(), Guid.NewGuid(), PrincipalKind.User, new("4633458b-17de-408a-b874-0445c86b69e6"), "mark");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> UnusableSuccesses => ["", "{\"properties\":{\"scope\":\"/sub", "[]", "null", "<html></html>", "{}", "{\"properties\":{}}"];

    [Theory]
    [MemberData(nameof(UnusableSuccesses))]
    public async Task A_success_without_a_usable_body_is_no_success(string body)
    {
        using var cloud = new StubCloud(_ => Json(200, body));
        var e = await Fails(cloud);
        Assert.Equal("UnreadableAnswer", e.Code);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task A_success_about_another_assignment_is_no_success()
    {
        using var cloud = new StubCloud(_ => Json(201, AssignmentJson.Of(Order with { PrincipalId = Guid.NewGuid() })));
        Assert.Equal("UnreadableAnswer", (await Fails(cloud)).Code);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("Not a code but a sentence")]
    [InlineData("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl")]
    [InlineData("AuthorizationFailed\\n")]
    [InlineData("")]
    public async Task What_stands_where_a_code_should_and_is_none_is_not_taken_for_one(string code)
    {
        using var cloud = new StubCloud(_ => Error(404, code, "Why."));
        var e = await Fails(cloud);
        Assert.Equal(("UnreadableAnswer", 404, "Why."), (e.Code, e.Status, e.Message));
        using var endless = new StubCloud(_ => Error(403, new string('A', 101), "Why."));
        Assert.Equal("UnreadableAnswer", (await Fails(endless)).Code);
    }

    [Fact]
    public async Task A_200_that_carries_an_error_keeps_the_errors_code()
    {
        using var cloud = new StubCloud(_ => Error(200, "InternalServerError", "Oops.", ("x-ms-request-id", "req-1"), ("x-ms-correlation-request-id", "corr-1")));
        var e = await Fails(cloud);
        Assert.Equal(("InternalServerError", "Oops.", 200, true, new ProviderCall("req-1", "corr-1")), (e.Code, e.Message, e.Status, e.IsTransient, e.ProviderCall));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task Html_from_something_in_between_keeps_its_status(int status)
    {
        using var cloud = new StubCloud(_ => Html(status));
        var e = await Fails(cloud);
        Assert.Equal(("UnreadableAnswer", status, true), (e.Code, e.Status, e.IsTransient));
        Assert.DoesNotContain("<html>", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(403, "AuthorizationFailed", false)]
    [InlineData(409, "ScopeLocked", false)]
    [InlineData(400, "RoleAssignmentLimitExceeded", false)]
    [InlineData(404, "RoleDefinitionDoesNotExist", false)]
    [InlineData(400, "PrincipalNotFound", true)]
    [InlineData(400, "SubjectNotFound", true)]
    [InlineData(401, "ExpiredAuthenticationToken", true)]
    [InlineData(429, "SubscriptionRequestsThrottled", true)]
    [InlineData(500, "InternalServerError", true)]
    public async Task An_error_keeps_its_code_and_says_whether_it_passes_by_itself(int status, string code, bool transient)
    {
        using var cloud = new StubCloud(_ => Error(status, code, "Why.", ("x-ms-request-id", "req-2")));
        var e = await Fails(cloud);
        Assert.Equal((code, "Why.", status, transient, new ProviderCall("req-2")), (e.Code, e.Message, e.Status, e.IsTransient, e.ProviderCall));
    }

    [Fact]
    public async Task A_401_with_a_challenge_is_an_error_like_others()
    {
        using var cloud = new StubCloud(_ => Error(401, "InvalidAuthenticationToken", "Why.", ("WWW-Authenticate", "Bearer error=\"invalid_token\"")));
        var e = await Fails(cloud);
        Assert.Equal(("InvalidAuthenticationToken", 401, false), (e.Code, e.Status, e.IsTransient));
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("0", 0)]
    [InlineData("3600", 3600)]
    [InlineData("Sun, 06 Nov 1994 08:51:07 GMT", 90)]
    [InlineData("Sun, 06 Nov 1994 08:00:00 GMT", 0)]
    [InlineData("999999999", 86400)]
    [InlineData("soon", null)]
    [InlineData(null, null)]
    public async Task Retry_after_is_read_in_all_its_forms(string? header, int? seconds)
    {
        var headers = new List<(string, string)> { ("Date", "Sun, 06 Nov 1994 08:49:37 GMT") };
        if (header is not null)
            headers.Add(("Retry-After", header));
        using var cloud = new StubCloud(_ => Error(429, "ResourceRequestsThrottled", "Later.", [.. headers]));
        var e = await Fails(cloud);
        Assert.Equal((429, true), (e.Status, e.IsTransient));
        Assert.Equal(seconds, (int?)e.RetryAfter?.TotalSeconds);
        Assert.Single(cloud.Calls);
    }

    [Fact]
    public async Task A_write_is_sent_once_only()
    {
        using var cloud = new StubCloud(_ => Error(503, "ServiceUnavailable"));
        await Fails(cloud);
        Assert.Single(cloud.Calls);
    }

    [Fact]
    public async Task A_read_is_sent_once_more_and_then_given_up()
    {
        using var cloud = new StubCloud(_ => Error(503, "ServiceUnavailable"));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().FindAsync(Scope, Order.Name, Ct));
        Assert.Equal(503, e.Status);
        Assert.Equal(2, cloud.Calls.Count);
    }

    [Fact]
    public async Task A_read_that_is_asked_to_wait_is_not_repeated()
    {
        using var cloud = new StubCloud(_ => Error(503, "ServiceUnavailable", "Later.", ("Retry-After", "1")));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().FindAsync(Scope, Order.Name, Ct));
        Assert.Equal(TimeSpan.FromSeconds(1), e.RetryAfter);
        Assert.Single(cloud.Calls);
    }

    [Fact]
    public async Task A_broken_connection_is_no_answer()
    {
        using var cloud = new StubCloud(Task<HttpResponseMessage> (_) => throw new HttpRequestException("reset", new IOException("Connection reset by peer")));
        var e = await Fails(cloud);
        Assert.Equal(("NoAnswer", (int?)null, true), (e.Code, e.Status, e.IsTransient));
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_unreadable()
    {
        using var cloud = new StubCloud(_ => new HttpResponseMessage(HttpStatusCode.Created) { Content = new BrokenContent() });
        var e = await Fails(cloud);
        Assert.Equal(("UnreadableAnswer", 201, true), (e.Code, e.Status, e.IsTransient));
    }

    [Fact]
    public async Task Silence_ends_after_the_configured_time()
    {
        using var cloud = new StubCloud(_ => new TaskCompletionSource<HttpResponseMessage>().Task, ("Cloud:CallTimeout", "00:00:01"));
        var e = await Fails(cloud);
        Assert.Equal(("NoAnswer", (int?)null, true), (e.Code, e.Status, e.IsTransient));
        // However short the wait was set: other instances may reach it.
        Assert.True(cloud.Get<CallPacing>().IsSilent(ArmId.SubscriptionOf(Order.Scope)));
    }

    [Fact]
    public async Task Whoever_gets_no_token_reaches_no_subscription()
    {
        var silent = true;
        using var cloud = new StubCloud(c => c.Uri.Host == "login.microsoftonline.com" && silent ? throw new HttpRequestException("unreachable") : Json(401, "{}")) { OwnIssuer = true };
        await Fails(cloud);
        Assert.True(cloud.Get<CallPacing>().IsSilent("any"));
        silent = false;
        await Fails(cloud);
        Assert.False(cloud.Get<CallPacing>().IsSilent("any"));
    }

    [Fact]
    public async Task The_callers_own_cancellation_stays_one()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        using var cloud = new StubCloud(_ => { stop.Cancel(); return new TaskCompletionSource<HttpResponseMessage>().Task; });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cloud.Get<IRoleAssignments>().PutAsync(Order, stop.Token));
    }

    [Fact]
    public async Task A_token_that_an_answer_echoes_does_not_show()
    {
        using var cloud = new StubCloud(c => Error(403, "AuthorizationFailed", $"You sent Authorization: Bearer {c.Token}"));
        var e = await Fails(cloud);
        Assert.Equal(Token, cloud.Calls.Single().Token);
        Assert.Contains("You sent", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("stubbedpayload", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_sign_in_needs_someone_and_shows_no_secret()
    {
        // The issuer repeats what it was sent: the form body with the secret in it.
        using var cloud = new StubCloud(c => Json(401, JsonSerializer.Serialize(new { error = "invalid_client", error_description = $"AADSTS7000215: Invalid client secret provided. {c.Body}" }))) { OwnIssuer = true };
        var e = await Fails(cloud);
        Assert.Equal(("AuthenticationFailed", false), (e.Code, e.IsTransient));
        Assert.Contains("AADSTS7000215", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(ClientSecret, e.ToString(), StringComparison.Ordinal);
        Assert.Empty(cloud.Calls);
    }

    [Fact]
    public async Task An_issuer_that_cannot_be_reached_passes_by_itself()
    {
        using var cloud = new StubCloud(Task<HttpResponseMessage> (_) => throw new HttpRequestException("reset")) { OwnIssuer = true };
        var e = await Fails(cloud);
        Assert.Equal(("AuthenticationFailed", true), (e.Code, e.IsTransient));
        Assert.Empty(cloud.Calls);
    }

    private static Task<CloudCallException> Fails(StubCloud cloud) =>
        Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().PutAsync(Order, Ct));

    private sealed class BrokenContent : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("{\"properties\":"u8.ToArray());
            throw new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely.");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
