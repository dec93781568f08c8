using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Tests.World;
using Portal.Web.Grants.Operations;
using Portal.Web.Requests;
using Portal.Web.SignIn;

namespace Portal.Tests.Web;

/// <summary>A page whose sign-in has run out is loaded anew by its script some seconds later, with what is written on it: until then that has to be on it.</summary>
public sealed class RanOutPagesTests : RequestScreen
{
    private const string Written = "Written for an hour, until three in the morning.";

    [Fact]
    public async Task The_reason_for_a_pause_stays_in_its_form()
    {
        await using var world = await SeenByAsync(Company.Tomas);
        var page = Render<OperationsPage>();
        await page.WaitForElement(".pause-open").ClickAsync(new());
        await page.Find("#pause-reason").ChangeAsync(new() { Value = Written });
        await RunOutAsync(world, page);
        Assert.Equal(Written, page.Find("#pause-reason").GetAttribute("value"));
    }

    [Fact]
    public async Task The_comment_to_a_decision_stays_beside_its_request()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync();
        var page = Render<RequestDetailsPage>(p => p.Add(r => r.Reference, asked.Reference));
        await page.WaitForElement("textarea").ChangeAsync(new() { Value = Written });
        await RunOutAsync(world, page);
        Assert.Equal(Written, page.Find("textarea").GetAttribute("value"));
    }

    private async Task RunOutAsync<TPage>(PortalWorld world, IRenderedComponent<TPage> page) where TPage : IComponent
    {
        world.Clock.Advance(OpenSignIns.Longest);
        Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Pause));
        // The look that the change leads to is over once this is let in.
        await page.InvokeAsync(() => { });
    }
}
