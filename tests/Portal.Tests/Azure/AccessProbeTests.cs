using Portal.Core;
using Portal.Core.Grants;
using static Portal.Tests.Azure.StubCloud;

namespace Portal.Tests.Azure;

public sealed class AccessProbeTests
{
    private const string HolderToken = "eyJholdersheader.eyJholderspayload.holderssignature";
    private static readonly Uri Vault = new("https://kv-payments-prod.vault.azure.net/");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_open_secret_is_read_with_the_holders_token_on_that_vault_only()
    {
        using var cloud = Answering(_ => Json(200, """{"value":[{"id":"https://kv-payments-prod.vault.azure.net/secrets/db/1","attributes":{"enabled":true}}],"nextLink":"https://evil.example/next"}"""));
        var holder = new Holder(HolderToken);
        Assert.Equal(new ProbeAnswer(ProbeVerdict.Open, null, null), await cloud.Get<IAccessProbe>().ProbeAsync(Vault, "db", holder, Ct));
        Assert.All(holder.Scopes, s => Assert.Equal("https://vault.azure.net/user_impersonation", s));
        Assert.All(cloud.Calls, c => Assert.Equal((Vault.Host, "/secrets/db/versions", "GET"), (c.Uri.Host, c.Path, c.Method)));
        Assert.Contains(cloud.Calls, c => c.Token == HolderToken);
        Assert.DoesNotContain(cloud.Calls, c => c.Token == Token);
    }

    [Theory]
    [InlineData("ForbiddenByRbac")]
    [InlineData("ForbiddenByFirewall")]
    [InlineData("ForbiddenByPolicy")]
    public async Task A_refusal_is_Key_Vaults_own_words(string code)
    {
        using var cloud = Answering(_ => Json(403, $$$"""{"error":{"code":"Forbidden","message":"Caller is not authorized.\r\nVault: kv-x","innererror":{"code":"{{{code}}}"} } }"""));
        Assert.Equal(new ProbeAnswer(ProbeVerdict.Refused, code, "Caller is not authorized.\r\nVault: kv-x"), await cloud.Get<IAccessProbe>().ProbeAsync(Vault, "db", new Holder(HolderToken), Ct));
    }

    [Fact]
    public async Task A_403_of_something_in_between_is_no_verdict()
    {
        using var cloud = Answering(_ => Html(403));
        await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IAccessProbe>().ProbeAsync(Vault, "db", new Holder(HolderToken), Ct));
    }

    [Fact]
    public async Task A_secret_without_versions_or_with_404_is_not_found()
    {
        using var missing = Answering(_ => Error(404, "SecretNotFound"));
        Assert.Equal((ProbeVerdict.NotFound, "SecretNotFound"), await Verdict(missing));
        using var empty = Answering(_ => Json(200, """{"value":[],"nextLink":null}"""));
        Assert.Equal((ProbeVerdict.NotFound, null), await Verdict(empty));
    }

    [Fact]
    public async Task Without_a_token_the_person_signs_in_and_nobody_is_asked()
    {
        using var cloud = Answering(_ => Json(200, """{"value":[]}"""));
        Assert.Equal(ProbeVerdict.SignInAgain, (await cloud.Get<IAccessProbe>().ProbeAsync(Vault, "db", new Holder(null), Ct)).Verdict);
        Assert.Empty(cloud.Calls);
    }

    [Fact]
    public async Task A_token_that_Key_Vault_does_not_take_means_to_sign_in_again()
    {
        using var cloud = Answering(_ => Error(401, "Unauthorized", "AKV10022: Invalid audience.", ("WWW-Authenticate", "Bearer error=\"invalid_token\"")));
        Assert.Equal(ProbeVerdict.SignInAgain, (await Verdict(cloud)).Verdict);
    }

    [Fact]
    public async Task A_host_that_is_no_vault_costs_no_token()
    {
        using var cloud = Answering(_ => Json(200, """{"value":[]}"""));
        var holder = new Holder(HolderToken);
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IAccessProbe>().ProbeAsync(new Uri("https://evil.example/"), "db", holder, Ct));
        Assert.Equal("ForeignVaultAddress", e.Code);
        Assert.Empty(holder.Scopes);
        Assert.Empty(cloud.Calls);
    }

    [Fact]
    public async Task One_persons_token_is_not_used_for_the_next()
    {
        using var cloud = Answering(_ => Json(200, """{"value":[]}"""));
        var probe = cloud.Get<IAccessProbe>();
        await probe.ProbeAsync(Vault, "db", new Holder(HolderToken), Ct);
        var before = cloud.Calls.Count;
        await probe.ProbeAsync(Vault, "db", new Holder("eyJsecond.eyJsecond.second"), Ct);
        Assert.DoesNotContain(cloud.Calls.Skip(before), c => c.Token == HolderToken);
        Assert.Contains(cloud.Calls.Skip(before), c => c.Token == "eyJsecond.eyJsecond.second");
    }

    private static async Task<(ProbeVerdict Verdict, string? Code)> Verdict(StubCloud cloud)
    {
        var answer = await cloud.Get<IAccessProbe>().ProbeAsync(Vault, "db", new Holder(HolderToken), Ct);
        return (answer.Verdict, answer.Code);
    }

    private static StubCloud Answering(Func<Call, HttpResponseMessage> answer) => new(c => c.Token is null ? VaultInventoryTests.Challenge() : answer(c));

    private sealed class Holder(string? token) : IDelegatedTokens
    {
        internal List<string> Scopes { get; } = [];

        public Task<DelegatedToken?> FindAsync(string scope, CancellationToken ct)
        {
            Scopes.Add(scope);
            return Task.FromResult(token is null ? null : new DelegatedToken(token, TimeProvider.System.GetUtcNow().AddHours(1)));
        }
    }
}
