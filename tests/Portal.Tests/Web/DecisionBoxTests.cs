using Bunit;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Requests;
using Portal.Tests.World;
using Portal.Web.Approvals;
using Portal.Web.Requests;

namespace Portal.Tests.Web;

public sealed class DecisionBoxTests : RequestScreen
{
    [Fact]
    public async Task A_denial_without_a_comment_is_refused_at_the_field_and_with_one_it_counts()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync();
        var box = Box(asked);

        await box.Find("[data-key=d]").ClickAsync(new());
        Assert.Equal("true", box.Find("textarea").GetAttribute("aria-invalid"));
        Assert.NotEmpty(box.Find(".field-fault").TextContent.Trim());
        Assert.Equal(RequestState.Pending, await StateAsync(world, asked));

        await box.Find("textarea").ChangeAsync(new() { Value = "Use the test vault." });
        await box.Find("[data-key=d]").ClickAsync(new());
        Assert.Equal(RequestState.Denied, await StateAsync(world, asked));
        Assert.Equal("Use the test vault.", await world.ReadAsync(db => db.ApprovalDecisions.Select(d => d.Comment).SingleAsync(Xunit.TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task A_refusal_keeps_the_comment_and_says_what_happened()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync();
        var refused = false;
        var box = Box(asked, p => p.Add(b => b.OnRefused, () => refused = true));
        await box.Find("textarea").ChangeAsync(new() { Value = "Fine by me." });
        world.Directory.Leave(Company.Priya, Company.PaymentsApprovers);

        await box.Find("[data-key=a]").ClickAsync(new());
        Assert.Contains(RefusalCode.NotApprover, box.Find("[role=alert]").TextContent, StringComparison.Ordinal);
        Assert.Equal("Fine by me.", box.Find("textarea").GetAttribute("value"));
        Assert.True(refused);
        Assert.Equal(RequestState.Pending, await StateAsync(world, asked));

        box.Render(p => p.Add(b => b.Closed, true));
        Assert.Empty(box.FindAll("button"));
        Assert.Equal("Fine by me.", box.Find("textarea").GetAttribute("value"));
    }

    [Fact]
    public async Task A_double_click_decides_once()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync();
        var decided = 0;
        var box = Box(asked, p => p.Add(b => b.OnDecided, (Verdict _) => decided++));
        var button = box.Find("[data-key=a]");
        await Task.WhenAll(button.ClickAsync(new()), button.ClickAsync(new()));

        Assert.Equal(1, decided);
        Assert.Empty(box.FindAll("[role=alert]"));
        Assert.Equal(1, await world.ReadAsync(db => db.ApprovalDecisions.CountAsync(Xunit.TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task Ones_own_request_cannot_be_decided_and_the_page_says_why()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync(Company.Priya);
        var page = Render<RequestDetailsPage>(p => p.Add(r => r.Reference, asked.Reference));
        page.WaitForElement("[data-key=a]");
        Assert.True(page.Find("[data-key=a]").HasAttribute("disabled"));
        Assert.True(page.Find("[data-key=d]").HasAttribute("disabled"));
        Assert.NotEmpty(page.Find(".decision-why").TextContent.Trim());
    }

    [Fact]
    public async Task An_inbox_item_says_who_what_why_and_is_decided_in_place()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync(draft: PortalWorld.Draft(justification: "<b>401</b> since noon", ticket: "INC-7"));
        var page = Render<ApprovalsPage>();
        page.WaitForElement("[data-item]");
        var item = page.Find("[data-item]");
        Assert.Contains("Mira Okafor asks for Key Vault Secrets User on stripe-api-key in kv-payments-prod for 30 min", item.TextContent, StringComparison.Ordinal);
        Assert.Contains("<b>401</b> since noon", item.TextContent, StringComparison.Ordinal);
        Assert.Contains("INC-7", item.TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("textarea"));

        await page.Find("[data-key=d]").ClickAsync(new());
        Assert.Single(page.FindAll("textarea"));
        await page.FindAll("button").Single(b => b.TextContent.Contains("Do not deny", StringComparison.Ordinal)).ClickAsync(new());
        await page.Find("[data-key=a]").ClickAsync(new());
        page.WaitForAssertion(() => Assert.Contains("Approved by you", page.Find("[data-item]").TextContent, StringComparison.Ordinal));
        Assert.Equal(RequestState.Approved, await StateAsync(world, asked));
    }

    private IRenderedComponent<DecisionBox> Box(SubmittedRequest asked, Action<ComponentParameterCollectionBuilder<DecisionBox>>? more = null) => Render<DecisionBox>(p =>
    {
        p.Add(b => b.RequestId, asked.RequestId).Add(b => b.Reference, asked.Reference);
        more?.Invoke(p);
    });

    private static Task<RequestState> StateAsync(PortalWorld world, SubmittedRequest asked) =>
        world.ReadAsync(db => db.AccessRequests.Where(r => r.Id == asked.RequestId).Select(r => r.State).SingleAsync(Xunit.TestContext.Current.CancellationToken));
}
