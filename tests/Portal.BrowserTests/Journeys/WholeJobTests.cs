using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Sandbox.Control;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>The main job, end to end, as five people see it.</summary>
[Collection(World.Journeys.Name)]
public sealed class WholeJobTests(Stage stage) : BrowserTest(stage)
{
    /// <summary>Ask, approve, grant, use, expire, prove.</summary>
    [Fact]
    public async Task Access_is_asked_for_approved_given_used_taken_back_and_proven()
    {
        var (secret, neighbour) = (Stage.OwnSecret(), Stage.OwnSecret());

        // 1. Sign in: Priya waits in front of her inbox, and somebody reads secrets as Mira on the sandbox's own page.
        var priya = await SignedInAsync(Person.Priya, "/approvals");
        var inbox = new ApprovalsPage(priya);
        var mira = await SignedInAsync(Person.Mira);
        var reader = new SandboxReaderPage(await VisitorAsync());
        await reader.OpenAsync();
        await reader.ReadAsync(Person.Mira, Stage.Vault, secret);
        await Expect(reader.Verdict).ToContainTextAsync("403");

        // 2. Find and ask.
        var catalog = new CatalogPage(mira);
        await catalog.GoAsync();
        await catalog.Search.FillAsync(secret.Replace('-', ' '));
        // Nothing but the heading and that secret, in whichever vaults it is: a click while rows still go can miss.
        await Expect(catalog.Rows.Filter(new() { HasNotText = secret })).ToHaveCountAsync(1);
        await catalog.AskForAsync(Stage.Vault, secret);
        var form = new RequestFormPage(mira);
        await form.ChooseLengthAsync("30 min");
        await Expect(form.Forecast).ToContainTextAsync("it lasts 30 min");
        await form.Justification.FillAsync("Rotating the restricted key after the partner's incident.");
        await Expect(form.Forecast).ToContainTextAsync("payments-approvers");
        var reference = await form.SendAsync();
        var request = new RequestPage(mira);
        await Expect(request.Main).ToContainTextAsync("Waiting for approval");

        // 3. Approve: it is in the open inbox without a reload. Azure is kept busy, so that the next step can be looked at.
        var azure = new TaskCompletionSource();
        Stage.Sandbox.Control.Faults.Add("PUT", "/roleAssignments/", Fault.HoldUntil(azure.Task)).Times(1);
        await Expect(inbox.EntryOf(reference)).ToContainTextAsync("Rotating the restricted key after the partner's incident.");
        await inbox.ApproveAsync(reference);
        await Expect(inbox.EntryOf(reference)).ToContainTextAsync("Approved by you");

        // 4. Get it: Mira's page goes on by itself. Before the role is given, Key Vault refuses her.
        await Expect(request.CurrentStep).ToContainTextAsync("Provisioning");
        await request.Test.ClickAsync();
        await Expect(request.TestAnswer.Filter(new() { HasText = "Key Vault refuses you." })).ToContainTextAsync("ForbiddenByRbac");
        azure.SetResult();
        await Expect(request.CurrentStep).ToContainTextAsync("Active");
        await Expect(request.Countdown).ToHaveTextAsync(new Regex(@"^ends in (29|30) min$"));
        await Expect(request.Main).ToContainTextAsync($"az keyvault secret show --vault-name {Stage.Vault} --name {secret}");

        // 5. Use it: the test succeeds, and the real client reads the value; the neighbour stays shut.
        await request.Test.ClickAsync();
        await Expect(request.TestAnswer.Filter(new() { HasText = "The secret is open to you." })).ToBeVisibleAsync();
        await Expect(request.Main).ToContainTextAsync("Effective since");
        await reader.ReadAsync(Person.Mira, Stage.Vault, secret);
        await Expect(reader.Verdict).ToContainTextAsync("canary");
        await reader.ReadAsync(Person.Mira, Stage.Vault, neighbour);
        await Expect(reader.Verdict).ToContainTextAsync("403");

        // 6. End it: half an hour later nobody has to do anything.
        Stage.Clock.Advance(TimeSpan.FromMinutes(31));
        await Expect(request.CurrentStep).ToContainTextAsync("Ended");
        await Expect(request.Main).ToContainTextAsync("The time is over and the role is taken back.");
        await request.Test.ClickAsync();
        await Expect(request.TestAnswer.Filter(new() { HasText = "Key Vault refuses you." })).ToContainTextAsync("ForbiddenByRbac");
        await reader.ReadAsync(Person.Mira, Stage.Vault, secret);
        await Expect(reader.Verdict).ToContainTextAsync("403");

        // 7. Prove it: the auditor sees every step on the request, in the list, and in the file.
        string[] steps =
        [
            "request.submitted", "request.approved", "grant.scheduled", "grant.provisioning", "grant.activated", "grant.effective", "grant.revoking", "grant.ended",
        ];
        var ingrid = await SignedInAsync(Person.Ingrid, $"/requests/{reference}");
        var seen = new RequestPage(ingrid);
        await Expect(seen.Timeline).ToHaveCountAsync(steps.Length);
        Assert.Equal(steps, await seen.TimelineCodesAsync());
        var audit = new AuditPage(ingrid);
        await audit.OpenAsync();
        await audit.FilterByRequestAsync(reference);
        await Expect(audit.Rows).ToHaveCountAsync(steps.Length);
        Assert.Equal(steps.Reverse(), await audit.CodesAsync());
        var (header, rows) = Csv.Read(await audit.ExportAsync());
        Assert.Equal(steps.Order(), rows.Select(row => row[header["code"]]).Order());
        Assert.All(rows, row => Assert.Equal((reference, Stage.Vault, secret), (row[header["request_reference"]], row[header["vault"]], row[header["secret"]])));
        Assert.Contains(rows, row => row[header["actor_name"]] == Person.Priya.Name && row[header["code"]] == "request.approved");

        // And Jonas, who has nothing to do with it, is told of nothing.
        var jonas = await SignedInAsync(Person.Jonas);
        jonas.Expected = "404";
        await new RequestPage(jonas).OpenAsync(reference);
        await Expect(jonas.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Request not found");
        await Expect(jonas.Page.GetByText("Rotating the restricted key")).ToHaveCountAsync(0);
        var history = new AuditPage(jonas);
        await history.OpenAsync($"?request={reference}");
        await Expect(history.Rows.Filter(new() { HasText = secret })).ToHaveCountAsync(0);
        await Expect(jonas.Page.GetByRole(AriaRole.Main)).Not.ToContainTextAsync(Person.Mira.Name);
    }
}
