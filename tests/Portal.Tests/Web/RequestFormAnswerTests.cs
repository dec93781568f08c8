using Bunit;
using Portal.Core;
using Portal.Tests.World;
using Portal.Web.Requests;
using Portal.Web.SignIn;

namespace Portal.Tests.Web;

/// <summary>What the form was told, of which draft, and what it says of it while nothing newer can be had.</summary>
public sealed class RequestFormAnswerTests : BunitContext
{
    [Fact]
    public async Task What_was_said_of_another_length_says_so_and_is_said_anew_without_typing()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", "stripe-api-key");
        Assert.Contains("it lasts 1 h", Words(page.Find(".forecast").TextContent), StringComparison.Ordinal);

        Silence(world);
        page.FindAll("input[name=duration]")[3].Change("on");
        page.WaitForAssertion(() => Assert.Contains("what you typed before", page.Find(".forecast [role=status]").TextContent, StringComparison.Ordinal));
        Assert.DoesNotContain("it lasts 8 h", Words(page.Find(".forecast").TextContent), StringComparison.Ordinal);
        Assert.DoesNotContain("Ready to be sent", page.Find(".forecast").TextContent, StringComparison.Ordinal);

        world.Directory.Fault = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("it lasts 8 h", Words(page.Find(".forecast").TextContent), StringComparison.Ordinal));
        Assert.Empty(page.FindAll(".forecast [role=status]"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_said_of_another_length_says_so_also_once_it_was_sent_and_refused(bool database)
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", "stripe-api-key");
        if (database)
            world.DatabaseFaults.Fail();
        else
            Silence(world);
        page.FindAll("input[name=duration]")[3].Change("on");
        page.WaitForAssertion(() => Assert.Contains("what you typed before", page.Find(".forecast [role=status]").TextContent, StringComparison.Ordinal));

        await page.Find("form").SubmitAsync();
        page.WaitForElement(".refusal");
        Assert.Contains("what you typed before", page.Find(".forecast [role=status]").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("it lasts 8 h", Words(page.Find(".forecast").TextContent), StringComparison.Ordinal);

        world.DatabaseFaults.Break = null;
        world.Directory.Fault = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("it lasts 8 h", Words(page.Find(".forecast").TextContent), StringComparison.Ordinal));
        Assert.Empty(page.FindAll(".forecast [role=status]"));
        // Why it was not sent stays to be read, until something else is typed.
        Assert.NotEmpty(page.FindAll(".refusal"));
        page.FindAll("input[name=duration]")[0].Change("on");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".refusal")));
    }

    [Fact]
    public async Task What_was_refused_is_not_said_of_what_was_chosen_since_and_looked_over_late()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.FindAll("input[name=duration]")[^1].Change("on");
        foreach (var (field, text) in (IEnumerable<(string, string)>)[(".custom input", "9"), ("#justification", "Rotate the key")])
        {
            var typed = page.Find(field).InputAsync(new() { Value = text });
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            await typed;
        }

        await page.Find("form").SubmitAsync();
        page.WaitForElement("#duration-problem *");

        world.DatabaseFaults.Fail();
        page.FindAll("input[name=duration]")[1].Change("on");
        page.WaitForAssertion(() => Assert.Contains("what you typed before", page.Find(".forecast [role=status]").TextContent, StringComparison.Ordinal));

        world.DatabaseFaults.Break = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".forecast [role=status]")));
        Assert.Empty(page.FindAll("#duration-problem *"));
        Assert.Contains("it lasts 1 h", Words(page.Find(".forecast").TextContent), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_could_not_be_understood_is_not_said_any_more_once_it_is_gone()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.FindAll("input[name=duration]")[^1].Change("on");
        page.Find(".custom input").Input("an hour");
        await page.Find("form").SubmitAsync();
        var said = page.WaitForElement("#duration-problem *").TextContent;

        // For the policies nothing and what is no number are the same.
        var typed = page.Find(".custom input").InputAsync(new() { Value = "" });
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await typed;
        Assert.DoesNotContain(said, page.Find("#duration-problem").TextContent, StringComparison.Ordinal);
        Assert.NotEmpty(page.FindAll("#duration-problem *"));
    }

    [Fact]
    public async Task What_is_chosen_last_and_sent_at_once_is_looked_over_when_it_is_refused()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", "stripe-api-key");
        Assert.Contains("10:00", page.Find(".forecast .sentence").TextContent, StringComparison.Ordinal);

        // The look takes until it is being sent, and what is sent until the look is over.
        var (looked, sent) = (new TaskCompletionSource(), new TaskCompletionSource());
        var held = 0;
        world.DatabaseFaults.Hold = _ => Interlocked.Increment(ref held) switch { 1 => looked.Task, 2 => sent.Task, _ => null };
        var choosing = page.FindAll("input[name=duration]")[3].ChangeAsync(new() { Value = "on" });
        var sending = page.Find("form").SubmitAsync();
        Assert.Equal(2, held);
        looked.SetResult();
        await choosing;
        sent.SetResult();
        await sending;

        Assert.NotEmpty(page.FindAll("#justification-problem *"));
        page.WaitForAssertion(() => Assert.Contains("17:00", page.Find(".forecast .sentence").TextContent, StringComparison.Ordinal));
        Assert.NotEmpty(page.FindAll("#justification-problem *"));
    }

    [Fact]
    public async Task A_form_that_cannot_be_drawn_while_the_directory_is_silent_comes_by_itself()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        Silence(world);
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, "kv-payments-prod").Add(r => r.SecretName, "stripe-api-key"));
        page.WaitForAssertion(() => Assert.Contains(RefusalCode.StandingUnknown, page.Find(".refusal").TextContent, StringComparison.Ordinal));

        world.Directory.Fault = null;
        world.Clock.Advance(RecentStandings.SilenceHolds + TimeSpan.FromSeconds(1));
        page.WaitForElement("#justification");
        Assert.Empty(page.FindAll(".refusal"));
    }

    [Fact]
    public async Task What_was_changed_after_a_fault_is_not_taken_for_what_was_sent_before_it()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.Find("#justification").Input("Rotate the key");
        // It is saved, and the answer is lost.
        var saved = await world.SubmitAsync(Company.Mira, PortalWorld.Draft(minutes: 60, justification: "Rotate the key"), page.FindComponent<RequestForm>().Instance.Kept!.SubmissionKey);
        world.DatabaseFaults.Fail();
        await page.Find("form").SubmitAsync();
        page.WaitForElement(".refusal");

        world.DatabaseFaults.Break = null;
        page.FindAll("input[name=duration]")[0].Change("on");
        await page.Find("form").SubmitAsync();
        page.WaitForElement($".refusal a[href='/requests/{saved.Value.Reference}']");
        Assert.DoesNotContain("/requests/", this.Address(), StringComparison.Ordinal);
    }

    private static void Silence(PortalWorld world)
    {
        // Longer than any answer of the directory is used again.
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
    }

    private IRenderedComponent<RequestPage> Open(string vault, string? secret)
    {
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, vault).Add(r => r.SecretName, secret));
        page.WaitForElement(".checks");
        return page;
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
