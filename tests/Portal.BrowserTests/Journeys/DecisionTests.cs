using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Core.Grants;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>The other ways in which a request or an access can end.</summary>
[Collection(World.Journeys.Name)]
public sealed class DecisionTests(Stage stage) : BrowserTest(stage)
{
    [Fact]
    public async Task A_denial_and_its_comment_are_on_the_requesters_page_at_once()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Trying something out.");
        var mira = new RequestPage(await SignedInAsync(Person.Mira, $"/requests/{asked.Reference}"));
        await Expect(mira.Main).ToContainTextAsync("Waiting for approval");
        var inbox = new ApprovalsPage(await SignedInAsync(Person.Priya, "/approvals"));
        await inbox.DenyAsync(asked.Reference, "Please say what you are trying.");
        await Expect(inbox.EntryOf(asked.Reference)).ToContainTextAsync("Denied by you");
        await Expect(mira.Main).ToContainTextAsync("Denied");
        await Expect(mira.Main).ToContainTextAsync("Please say what you are trying.");
    }

    [Fact]
    public async Task A_denial_without_a_comment_is_refused_and_nothing_changes()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Comparing merchant settings.");
        var inbox = new ApprovalsPage(await SignedInAsync(Person.Priya, "/approvals"));
        await inbox.DenyAsync(asked.Reference, " ");
        await Expect(inbox.EntryOf(asked.Reference)).ToContainTextAsync("A denial needs a comment.");
        Assert.Equal(Portal.Core.Requests.RequestState.Pending, await Stage.StateOfAsync(asked));
    }

    [Fact]
    public async Task Access_that_is_given_back_is_gone()
    {
        var secret = Stage.OwnSecret();
        var held = await Stage.HoldsAsync(Person.Mira, Person.Priya, Stage.Vault, secret, TimeSpan.FromMinutes(30), "Checking a failed payout.");
        var reader = new SandboxReaderPage(await VisitorAsync());
        var mira = new RequestPage(await SignedInAsync(Person.Mira, $"/requests/{held.Reference}"));
        await mira.GiveBackAsync();
        await Expect(mira.CurrentStep).ToContainTextAsync("Ended");
        await reader.OpenAsync();
        await reader.ReadAsync(Person.Mira, Stage.Vault, secret);
        await Expect(reader.Verdict).ToContainTextAsync("403");
    }

    [Fact]
    public async Task An_administrator_revokes_at_once_and_the_holder_reads_why()
    {
        var secret = Stage.OwnSecret();
        var held = await Stage.HoldsAsync(Person.Mira, Person.Priya, Stage.Vault, secret, TimeSpan.FromMinutes(30), "Signing the corrected invoices.");
        var mira = new RequestPage(await SignedInAsync(Person.Mira, $"/requests/{held.Reference}"));
        await Expect(mira.CurrentStep).ToContainTextAsync("Active");
        var tomas = new RequestPage(await SignedInAsync(Person.Tomas, $"/requests/{held.Reference}"));
        await tomas.RevokeAsync(Person.Mira, "Her laptop was stolen.");
        await Expect(mira.CurrentStep).ToContainTextAsync("Ended");
        await Expect(mira.Main).ToContainTextAsync("Her laptop was stolen.");
        await Stage.GrantReachesAsync(held, GrantState.Ended);
    }

    [Fact]
    public async Task A_double_click_on_send_is_one_request()
    {
        const string why = "Clicked twice by a person in a hurry.";
        var mira = await SignedInAsync(Person.Mira, $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}");
        var form = new RequestFormPage(mira);
        await form.Justification.FillAsync(why);
        await form.Send.DblClickAsync();
        await Expect(mira.Page).ToHaveURLAsync(RequestFormPage.RequestAddress(), new() { Timeout = 30_000 });
        Assert.Equal(1, await Stage.RequestsWithAsync(why));
    }
}
