using System.Net;
using System.Text.RegularExpressions;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

public sealed partial class ReaderPageTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private const string Vault = "kv-payments-prod";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<(HttpStatusCode Status, string Html)> ReadAsync(Guid person, string secret, bool withForm = true)
    {
        using var http = sandbox.NewClient();
        using var page = await http.GetAsync(new Uri(sandbox.Host.Addresses.ReaderPage), Ct);
        var html = await page.Content.ReadAsStringAsync(Ct);
        using var content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["__RequestVerificationToken"] = withForm ? Token().Match(html).Groups[1].Value : "",
            ["person"] = person.ToString(),
            ["secret"] = secret,
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, sandbox.Host.Addresses.ReaderPage) { Content = content };
        using var answer = await http.SendAsync(request, Ct);
        return (answer.StatusCode, WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Ct)));
    }

    private string AnySecret() => sandbox.Host.Control.Vaults.Latest(Vault).First(s => s.Settings.Enabled).Name;

    [Fact]
    public async Task Who_has_no_role_sees_the_refusal()
    {
        var (status, html) = await ReadAsync(FenwickCompany.Jonas, $"{Vault}/{AnySecret()}");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("Jonas Lindqvist cannot read it", html, StringComparison.Ordinal);
        Assert.Contains("ForbiddenByRbac", html, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Who_has_a_role_sees_the_value_and_a_line_for_the_terminal()
    {
        var control = sandbox.Host.Control;
        var secret = AnySecret();
        var vault = control.Resources.FindVault(Vault)!;
        // Key Vault Secrets User.
        control.Resources.Assign(vault.Scope, new Guid("4633458b-17de-408a-b874-0445c86b69e6"), FenwickCompany.Mira, "User");
        var (_, html) = await ReadAsync(FenwickCompany.Mira, $"{Vault}/{secret}");
        Assert.Contains("Mira Okafor can read it", html, StringComparison.Ordinal);
        Assert.Contains(control.Vaults.Latest(Vault).First(s => s.Name == secret).Value, html, StringComparison.Ordinal);
        Assert.Contains($"--connect-to '::127.0.0.1:{sandbox.Host.Addresses.HttpsPort}'", html, StringComparison.Ordinal);
        Assert.Contains($"https://{Vault}.vault.azure.net/secrets/{secret}", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_account_does_not_come_to_reading()
    {
        var (_, html) = await ReadAsync(FenwickCompany.Walter, $"{Vault}/{AnySecret()}");
        Assert.Contains("cannot sign in", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil.example/x")]
    [InlineData("kv-payments-prod/no-such-secret")]
    [InlineData("")]
    public async Task What_the_list_does_not_offer_is_not_asked_for(string secret) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await ReadAsync(FenwickCompany.Mira, secret)).Status);

    [Fact]
    public async Task A_post_without_the_forms_token_reads_nothing()
    {
        var (status, html) = await ReadAsync(FenwickCompany.Tomas, $"{Vault}/{AnySecret()}", withForm: false);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.DoesNotContain("canary", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_pages_are_not_served_on_the_https_port()
    {
        using var http = sandbox.NewClient();
        using var answer = await http.GetAsync(new Uri("/reader", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
