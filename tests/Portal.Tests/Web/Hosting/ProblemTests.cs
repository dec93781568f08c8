using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Sandbox.Company;

namespace Portal.Tests.Web.Hosting;

/// <summary>Errors over HTTP: Problem Details for programs, a page for people, details for nobody.</summary>
[Collection(HostedPortal.Name)]
public sealed class ProblemTests(SharedPortal portal)
{
    private static readonly Guid WithoutRole = new("6a51cfa7-83b6-41d3-9f62-b45a0372e10c");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/audit/export?vaul=kv-a", 400, true)]
    [InlineData("POST", "/account/signout", 400, true)]
    [InlineData("GET", "/catalog", 401, false)]
    [InlineData("GET", "/audit/export", 401, false)]
    [InlineData("GET", "/audit/evidence", 401, false)]
    [InlineData("GET", "/audit/checkpoint", 401, false)]
    [InlineData("GET", "/audit/key", 401, false)]
    [InlineData("GET", "/audit/proof/0199c4a2-0000-7000-8000-000000000001", 401, false)]
    [InlineData("GET", "/audit/consistency?from=0&to=0", 401, false)]
    [InlineData("GET", "/no-such-page", 401, false)]
    [InlineData("GET", "/audit/export", 403, true)]
    [InlineData("GET", "/audit/evidence", 403, true)]
    [InlineData("GET", "/audit/checkpoint", 403, true)]
    [InlineData("GET", "/audit/key", 403, true)]
    [InlineData("GET", "/audit/proof/0199c4a2-0000-7000-8000-000000000001", 403, true)]
    [InlineData("GET", "/audit/consistency?from=0&to=0", 403, true)]
    [InlineData("GET", "/audit/proof/0199c4a2-0000-7000-8000-000000000001", 404, true)]
    [InlineData("GET", "/audit/proof/no-id", 404, true)]
    [InlineData("GET", "/audit/consistency?from=x&to=1", 400, true)]
    [InlineData("GET", "/no-such-page", 404, true)]
    [InlineData("DELETE", "/audit/export", 405, true)]
    public async Task A_program_gets_problem_details(string method, string url, int status, bool signedIn)
    {
        using var visitor = signedIn ? await portal.Host.SignedInAsync(status == 403 ? WithoutRole : FenwickCompany.Mira) : portal.Host.Visitor();
        using var form = method == "POST" ? new FormUrlEncodedContent([]) : null;
        using var answer = await visitor.SendAsync(new HttpMethod(method), url, PortalVisitor.Json, form);
        Assert.Equal(status, (int)answer.StatusCode);
        await IsProblemAsync(answer, status);
    }

    [Theory]
    [InlineData("POST", "/account/signout", 400)]
    [InlineData("GET", "/audit/export", 403)]
    [InlineData("GET", "/no-such-page", 404)]
    [InlineData("DELETE", "/audit/export", 405)]
    public async Task A_person_gets_a_page(string method, string url, int status)
    {
        using var visitor = await portal.Host.SignedInAsync(status == 403 ? WithoutRole : FenwickCompany.Mira);
        using var form = method == "POST" ? new FormUrlEncodedContent([]) : null;
        using var answer = await visitor.SendAsync(new HttpMethod(method), url, PortalVisitor.Html, form);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        var html = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Contains("<h1", html, StringComparison.Ordinal);
        Assert.Contains($"Status {status}", html, StringComparison.Ordinal);
        SecurityHeadersTests.Hardened(answer);
    }

    [Fact]
    public async Task A_fault_tells_nothing_of_its_cause()
    {
        await using var host = await PortalHost.StartAsync();
        using var visitor = await host.SignedInAsync(FenwickCompany.Ingrid);
        await host.ReadAsync(db => db.Database.ExecuteSqlRawAsync("ALTER TABLE \"AuditEvents\" RENAME TO \"Elsewhere\"", Ct));

        using var problem = await visitor.GetAsync("/audit/export", PortalVisitor.Json);
        Assert.Equal(HttpStatusCode.InternalServerError, problem.StatusCode);
        await IsProblemAsync(problem, 500);
        SecurityHeadersTests.Hardened(problem);
        TellsNothing(await problem.Content.ReadAsStringAsync(Ct));

        using var page = await visitor.GetAsync("/audit/export");
        Assert.Equal(HttpStatusCode.InternalServerError, page.StatusCode);
        SecurityHeadersTests.Hardened(page);
        var html = await page.Content.ReadAsStringAsync(Ct);
        Assert.Contains("Something went wrong", html, StringComparison.Ordinal);
        TellsNothing(html);
    }

    internal static async Task IsProblemAsync(HttpResponseMessage answer, int status)
    {
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrWhiteSpace(problem.GetProperty("title").GetString()));
        Assert.Matches("^[0-9a-f]{32}$", problem.GetProperty("traceId").GetString());
        Assert.False(problem.TryGetProperty("exception", out _));
    }

    private static void TellsNothing(string body)
    {
        foreach (var detail in (string[])["Sqlite", "AuditEvents", "   at ", "Exception", ".cs:line"])
            Assert.DoesNotContain(detail, body, StringComparison.Ordinal);
    }
}
