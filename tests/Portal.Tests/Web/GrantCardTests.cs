using System.Reflection;
using Bunit;
using Microsoft.AspNetCore.Components.RenderTree;
using Portal.Core.Grants;
using Portal.Tests.World;
using Portal.Web.Grants;

namespace Portal.Tests.Web;

public sealed class GrantCardTests : RequestScreen
{
    // A renderer's buffers hold 32 entries, 64, 128, …; each card has two of them in every open tab.
    private const int Buffer = 64;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_card_that_nobody_has_pressed_is_one_component_in_one_buffer_of_64(bool own)
    {
        await using var world = await SeenByAsync(own ? Company.Mira : Company.Tomas);
        var card = Card(await ActiveAsync(world), own);
        Assert.InRange(FramesOf(card), 1, Buffer);
        Assert.Empty(card.FindComponents<GiveBack>());
        Assert.Empty(card.FindComponents<Revoke>());
    }

    [Fact]
    public async Task Giving_back_asks_first_and_then_gives_back()
    {
        await using var world = await SeenByAsync(Company.Mira);
        var grant = await ActiveAsync(world);
        var card = Card(grant, own: true);
        await card.Find("button").ClickAsync(new());
        Assert.True((await world.GrantOfAsync(grant.RequestId)).IsLive);
        await card.Find(".end-buttons .button:not(.quiet)").ClickAsync(new());
        Assert.False((await world.GrantOfAsync(grant.RequestId)).IsLive);
    }

    [Fact]
    public async Task Access_that_has_not_begun_is_cancelled_and_not_given_back()
    {
        await using var world = await SeenByAsync(Company.Mira);
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(3)));
        var card = Card(promised, own: true);
        Assert.Equal("Cancel access", card.Find("button").TextContent);
        await card.Find("button").ClickAsync(new());
        Assert.Contains("before it begins", card.Find(".end-question").TextContent, StringComparison.Ordinal);
        await card.Find(".end-buttons .button:not(.quiet)").ClickAsync(new());
        Assert.False((await world.GrantOfAsync(promised.RequestId)).IsLive);
    }

    [Fact]
    public async Task Whoever_does_not_give_back_after_all_is_asked_again_the_next_time()
    {
        await using var world = await SeenByAsync(Company.Mira);
        var grant = await ActiveAsync(world);
        var card = Card(grant, own: true);
        await card.Find("button").ClickAsync(new());
        await card.Find(".end-buttons .quiet").ClickAsync(new());
        Assert.Empty(card.FindAll(".end-buttons"));
        await card.Find("button").ClickAsync(new());
        Assert.Single(card.FindAll(".end-buttons"));
        Assert.True((await world.GrantOfAsync(grant.RequestId)).IsLive);
    }

    [Fact]
    public async Task Revoking_asks_why_first_and_then_revokes()
    {
        await using var world = await SeenByAsync(Company.Tomas);
        var grant = await ActiveAsync(world);
        var card = Card(grant, own: false);
        await card.Find("button").ClickAsync(new());
        await card.Find("textarea").ChangeAsync(new() { Value = "Laptop lost" });
        await card.Find(".danger").ClickAsync(new());
        Assert.Equal("Laptop lost", (await world.GrantOfAsync(grant.RequestId)).EndReason);
    }

    private IRenderedComponent<GrantCard> Card(Grant grant, bool own) => Render<GrantCard>(p => p
        .Add(c => c.Grant, new GrantView(grant)).Add(c => c.WithHolder, !own).Add(c => c.Returnable, own).Add(c => c.Revocable, !own));

    private static async Task<Grant> ActiveAsync(PortalWorld world)
    {
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        return await world.GrantOfAsync(promised.RequestId);
    }

#pragma warning disable BL0006 // How many entries a buffer holds is what this is about; a framework that counts otherwise fails the test.
    private int FramesOf(IRenderedComponent<GrantCard> card)
    {
        var method = typeof(Renderer).GetMethod("GetCurrentRenderTreeFrames", BindingFlags.Instance | BindingFlags.NonPublic)!;
        return ((ArrayRange<RenderTreeFrame>)method.Invoke(Renderer, [card.ComponentId])!).Count;
    }
#pragma warning restore BL0006
}
