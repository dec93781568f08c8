using Bunit;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Tests.World;
using Portal.Web.Audit.Charts;
using Portal.Web.Audit.Questions;

namespace Portal.Tests.Web;

/// <summary>Each question has an address, an answer in one sentence, and says what is missing or wrong.</summary>
public sealed class AuditQuestionsPageTests : BunitContext
{
    [Fact]
    public async Task Every_question_is_offered_and_answered_in_a_sentence()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await world.PromiseAsync();
        await world.WorkAsync();
        world.Clock.Advance(TimeSpan.FromMinutes(3));
        var offered = Render<QuestionsPage>();
        Assert.Equal(AuditQuestions.All.Select(q => AuditQuestions.Url(q)), offered.FindAll(".questions a").Select(a => a.GetAttribute("href")));
        (string Question, string Says)[] answers =
        [
            ("access?vault=kv-payments-prod&secret=stripe-api-key", "Mira Okafor had access to stripe-api-key in kv-payments-prod"),
            ($"held?person={Company.Mira.ObjectId}", "Mira Okafor had access to one thing"),
            ("approvals", "1 request was approved and 0 denied"),
            ("unused", "The one grant that began"),
            ("around", "0 second tries after a denial, 0 approvals without a person and 0 refused attempts"),
            ("changes", "changes by those who run the portal"),
        ];
        foreach (var (question, says) in answers)
        {
            this.GoTo($"/audit/questions/{question}");
            var page = Render<QuestionsPage>(p => p.Add(x => x.Question, question.Split('?')[0]));
            page.WaitForAssertion(() => Assert.Contains(says, page.Find(".answer-sentence").TextContent, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_is_named_and_no_access_is_said_to_last_for_it()
    {
        var ct = Xunit.TestContext.Current.CancellationToken;
        await using var world = await this.OpenForAsync(Company.Ingrid);
        var grant = await world.PromiseAsync();
        await world.WorkAsync();
        await world.ReturnAsync(grant.Id, Company.Mira);
        await world.WorkAsync();
        var number = (await world.EventsAsync()).Single(e => e.Code == AuditCode.GrantEnded.Value).Sequence;
        await world.ReadAsync(db => db.Database.ExecuteSqlAsync($"""UPDATE "AuditEvents" SET "At" = 'x' WHERE "Sequence" = {number}""", ct));
        world.Clock.Advance(TimeSpan.FromMinutes(3));
        this.GoTo("/audit/questions/access?vault=kv-payments-prod");
        var page = Render<QuestionsPage>(p => p.Add(x => x.Question, "access"));
        page.WaitForElement(".answer-sentence");
        Assert.Contains($"cannot be read: {number}.", page.Find("#answer").TextContent, StringComparison.Ordinal);
        Assert.Contains("Over; when cannot be read", page.Find(".answer-table").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("Lasts", page.Find(".answer-table").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_about_a_time_of_which_retention_has_pruned_events_says_so()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await using (var db = world.OpenDb())
        {
            await db.RetentionStates.ExecuteUpdateAsync(set => set.SetProperty(s => s.Pruned, 5).SetProperty(s => s.PrunedThrough, PortalWorld.Start.AddMinutes(-30)), Xunit.TestContext.Current.CancellationToken);
        }

        foreach (var (from, said) in new[] { ("2026-03-02T08:00:00Z", true), ("2026-03-02T08:45:00Z", false) })
        {
            this.GoTo($"/audit/questions/unused?from={from}&to=2026-03-02T10:00:00Z");
            var page = Render<QuestionsPage>(p => p.Add(x => x.Question, "unused"));
            page.WaitForElement(".answer-sentence");
            Assert.Equal(said, page.Markup.Contains("Retention has pruned events of this period, up to 2 Mar 2026", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_question_that_lacks_its_subject_asks_for_it_and_a_bad_period_is_said_at_its_field()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        this.GoTo("/audit/questions/access");
        Assert.Contains("Which vault?", Render<QuestionsPage>(p => p.Add(x => x.Question, "access")).Markup, StringComparison.Ordinal);
        this.GoTo("/audit/questions/unused?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z");
        var inverted = Render<QuestionsPage>(p => p.Add(x => x.Question, "unused"));
        inverted.WaitForAssertion(() => Assert.Equal("true", inverted.Find("#filter-to").GetAttribute("aria-invalid")));
        Assert.Empty(inverted.FindAll(".answer-sentence"));
        this.GoTo("/audit/questions/why");
        Assert.Contains("There is no such question.", Render<QuestionsPage>(p => p.Add(x => x.Question, "why")).Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zone_that_the_server_does_not_know_is_named_where_days_are_chosen_and_drawn()
    {
        const string says = "Times are in UTC: this server does not know your time zone, Mars/Olympus_Mons.";
        await using var world = await this.OpenForAsync(Company.Ingrid, "Mars/Olympus_Mons");
        this.GoTo("/audit/questions/approvals");
        var question = Render<QuestionsPage>(p => p.Add(x => x.Question, "approvals"));
        question.WaitForAssertion(() => Assert.Equal(says, question.Find(".question-zone").TextContent));
        this.GoTo("/audit/charts");
        var charts = Render<ChartsPage>();
        charts.WaitForAssertion(() => Assert.Equal(says, charts.Find(".chart-zone").TextContent));
    }

    [Fact]
    public async Task Who_is_no_auditor_gets_no_answer()
    {
        await using var world = await this.OpenForAsync(Company.Tomas);
        this.GoTo("/audit/questions/approvals");
        var page = Render<QuestionsPage>(p => p.Add(x => x.Question, "approvals"));
        page.WaitForAssertion(() => Assert.Single(page.FindAll(".refusal")));
        Assert.Empty(page.FindAll(".answer-sentence"));
    }

    [Fact]
    public async Task What_is_asked_for_becomes_an_address()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid, "Europe/Berlin");
        this.GoTo("/audit/questions/access");
        var page = Render<QuestionsPage>(p => p.Add(x => x.Question, "access"));
        page.Find("#filter-vault").Input("payments");
        page.WaitForAssertion(() => Assert.Equal(["kv-payments-prod"], Proposed(page, "vaults")));
        page.Find("#filter-vault").Input("kv-payments-prod");
        page.Find("#filter-secret").Focus();
        page.WaitForAssertion(() => Assert.Equal(["ledger-db-password", "old-gateway-key", "stripe-api-key"], Proposed(page, "secrets")));
        page.Find("#filter-from").Change("2026-03-01T10:00:00");
        await page.Find("form").SubmitAsync();
        Assert.Equal("/audit/questions/access?from=2026-03-01T09%3A00Z&vault=kv-payments-prod", this.Address());
    }

    [Fact]
    public async Task A_name_with_a_letter_too_few_is_said_at_its_field_and_not_answered()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        this.GoTo("/audit/questions/access?vault=kv-payments-prod&secret=stripe-api-ke");
        var page = Render<QuestionsPage>(p => p.Add(x => x.Question, "access"));
        page.WaitForAssertion(() => Assert.StartsWith("The portal has never seen a secret named stripe-api-ke in kv-payments-prod.", page.Find("#filter-secret-error").TextContent.Trim(), StringComparison.Ordinal));
        Assert.Equal("stripe-api-ke", page.Find("#filter-secret").GetAttribute("value"));
        Assert.Empty(page.FindAll(".answer-sentence"));
    }

    [Fact]
    public async Task Each_chart_says_in_words_and_in_a_table_what_it_draws()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await world.PromiseAsync();
        await world.WorkAsync();
        this.GoTo("/audit/charts");
        var page = Render<ChartsPage>();
        page.WaitForAssertion(() => Assert.Equal(["Events per day", "Grants that began, per day", "Time from request to decision"], page.FindAll("figcaption strong").Select(e => e.TextContent)));
        Assert.All(page.FindAll("svg"), svg => Assert.NotNull(svg.Closest("[aria-hidden=true]")));
        Assert.All(page.FindAll("figure"), figure => Assert.Equal(figure.QuerySelectorAll(".bar-value").Length, figure.QuerySelectorAll("tbody tr").Length));
    }

    private static IEnumerable<string?> Proposed(IRenderedComponent<QuestionsPage> page, string what) => page.FindAll($"#filter-{what} option").Select(option => option.GetAttribute("value"));
}
