using Microsoft.Playwright;
using Portal.BrowserTests.World;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.BadInput;

/// <summary>What every answer carries, and what forged calls meet.</summary>
[Collection(World.Journeys.Name)]
public sealed class HttpTests(Stage stage) : BrowserTest(stage)
{
    [Fact]
    public async Task Every_answer_tells_the_browser_what_not_to_do()
    {
        var mira = await SignedInAsync(Person.Mira);
        foreach (var url in (string[])["/", "/catalog", "/no/such/page", "/favicon.svg", "/health"])
        {
            var answer = await mira.Context.APIRequest.GetAsync(url, new() { Headers = [new("Accept", "text/html,*/*")] });
            var policy = answer.Headers["content-security-policy"];
            Assert.Matches("script-src 'self' 'nonce-[^']{20,}';", policy);
            Assert.DoesNotContain("'unsafe-inline'", policy.Split("script-src")[1].Split(';')[0], StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("object-src 'none'", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers["x-content-type-options"]);
            Assert.Equal("same-origin", answer.Headers["referrer-policy"]);
            Assert.Equal("same-origin", answer.Headers["cross-origin-opener-policy"]);
            Assert.False(answer.Headers.ContainsKey("server"));
        }
    }

    [Fact]
    public async Task The_policy_is_enforced_and_these_tests_would_notice()
    {
        var mira = await SignedInAsync(Person.Mira);
        await mira.Page.RunAndWaitForConsoleMessageAsync(
            () => mira.Page.EvaluateAsync("() => { const s = document.createElement('script'); s.textContent = 'document.title = \"owned\"'; document.body.append(s); }"),
            new() { Predicate = message => message.Text.StartsWith("CSP: ", StringComparison.Ordinal) });
        Assert.DoesNotContain("owned", await mira.Page.TitleAsync(), StringComparison.Ordinal);
        Assert.Contains(mira.Complaints, complaint => complaint.Contains("script-src", StringComparison.Ordinal));
        mira.Forget();
    }

    [Fact]
    public async Task A_stale_form_is_refused_and_changes_nothing()
    {
        var mira = await SignedInAsync(Person.Mira);
        mira.Expected = "400";
        await mira.Page.Locator("form[action='/account/signout'] input[type=hidden]").Last.EvaluateAsync("input => input.value = 'stale'");
        await mira.Page.GetByRole(AriaRole.Button, new() { Name = "Account of Mira Okafor" }).ClickAsync();
        await mira.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(mira.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("The page was too old");
        await mira.OpenAsync("/");
        await Expect(mira.Page.GetByRole(AriaRole.Button, new() { Name = "Account of Mira Okafor" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_forged_form_from_a_program_is_told_so_as_problem_details()
    {
        var mira = await SignedInAsync(Person.Mira);
        var form = mira.Context.APIRequest.CreateFormData();
        form.Set("reason", "forged");
        var answer = await mira.Context.APIRequest.PostAsync("/account/signout", new() { Form = form, Headers = [new("Accept", "application/json")] });
        Assert.Equal(400, answer.Status);
        Assert.StartsWith("application/problem+json", answer.Headers["content-type"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_needs_a_sign_in_is_401_for_a_program()
    {
        var nobody = await VisitorAsync();
        var answer = await nobody.Context.APIRequest.GetAsync("/audit/export", new() { Headers = [new("Accept", "text/csv")], MaxRedirects = 0 });
        Assert.Equal(401, answer.Status);
    }
}
