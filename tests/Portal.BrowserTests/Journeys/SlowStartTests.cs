using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Core.Requests;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>A page can be read, and typed in, before it is alive: on a slow line for seconds.</summary>
[Collection(World.Journeys.Name)]
public sealed partial class SlowStartTests(Stage stage) : BrowserTest(stage)
{
    private const string Script = "**/_framework/blazor.web*";

    private readonly TaskCompletionSource _arrives = new();

    [Fact]
    public async Task What_is_typed_and_chosen_before_the_page_is_alive_stays_and_is_sent()
    {
        var mira = await WaitsForAsync(Script, $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}");
        var form = new RequestFormPage(mira);
        await form.ChooseLengthAsync("30 min");
        await form.Ticket.FillAsync("INC-9001");
        await form.Justification.PressSequentiallyAsync("Refunds fail since");
        await form.Justification.PressAsync("Home");
        _arrives.SetResult();
        await mira.AliveAsync();

        await Expect(form.Justification).ToHaveValueAsync("Refunds fail since");
        await Expect(form.Justification).ToBeFocusedAsync();
        await mira.Page.Keyboard.TypeAsync("All our ");
        await mira.Page.Keyboard.PressAsync("End");
        await mira.Page.Keyboard.TypeAsync(" noon.");
        await Expect(mira.Page.GetByRole(AriaRole.Radio, new() { Name = "30 min" })).ToBeCheckedAsync();
        await Expect(form.Ticket).ToHaveValueAsync("INC-9001");
        await form.SendAsync();
        var request = new RequestPage(mira);
        await Expect(request.Main).ToContainTextAsync("All our Refunds fail since noon.");
        await Expect(request.Main).ToContainTextAsync("INC-9001");
        await Expect(request.Main).ToContainTextAsync("30 min");
    }

    [Fact]
    public async Task What_is_typed_while_the_page_comes_alive_is_not_lost()
    {
        var mira = await SignedInAsync(Person.Mira);
        var gone = await StandsStillOnceGoneAsync(mira, "#justification");
        await HoldAsync(mira, Script, $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}");
        var form = new RequestFormPage(mira);
        await form.Justification.PressSequentiallyAsync("Refunds noon.");
        foreach (var _ in "noon.")
            await mira.Page.Keyboard.PressAsync("ArrowLeft");
        _arrives.SetResult();

        var goOn = await gone.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await mira.Page.Keyboard.TypeAsync("fail since ");
        goOn.SetResult();
        await Expect(form.Justification).ToHaveValueAsync("Refunds fail since noon.");
        await Expect(form.Justification).ToBeFocusedAsync();
        await mira.Page.Keyboard.TypeAsync("this ");
        await form.SendAsync();
        await Expect(new RequestPage(mira).Main).ToContainTextAsync("Refunds fail since this noon.");
    }

    [Fact]
    public async Task What_is_typed_into_a_field_that_is_read_when_it_is_left_is_not_lost_either()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Comparing the ledgers.");
        var priya = await SignedInAsync(Person.Priya);
        // Who reads is known from the first answer, so the page comes alive in one piece: the field is another one at once.
        await HoldAsync(priya, Script, $"/requests/{asked.Reference}");
        var comment = priya.Page.Locator("main textarea").First;
        await comment.PressSequentiallyAsync("Seen");
        _arrives.SetResult();
        await priya.AliveAsync();
        await Expect(comment).ToHaveValueAsync("Seen");
        await priya.Page.Keyboard.TypeAsync(" with the owner.");
        await new RequestPage(priya).ApproveAsync();
        Assert.Equal("Seen with the owner.", await Stage.CommentOnAsync(asked));
    }

    [Fact]
    public async Task A_form_that_is_sent_too_early_stays_as_it_was_filled_in()
    {
        var address = $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}";
        var mira = await WaitsForAsync("**/_blazor/negotiate*", address);
        var form = new RequestFormPage(mira);
        await mira.Page.WaitForLoadStateAsync();
        await form.Ticket.FillAsync("INC-9002");
        await form.Ticket.PressAsync("Enter");
        _arrives.SetResult();
        await mira.AliveAsync();
        await Expect(form.Ticket).ToHaveValueAsync("INC-9002");
        await Expect(mira.Page).ToHaveURLAsync(Stage.Address + address);
    }

    [Fact]
    public async Task A_button_that_is_pressed_too_early_is_pressed_once_the_page_is_alive_and_once()
    {
        var one = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Checking the gateway.");
        var other = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Exporting the ledger.");
        var priya = await WaitsForAsync("**/_blazor/negotiate*", "/approvals", Person.Priya);
        var inbox = new ApprovalsPage(priya);
        await priya.Page.WaitForLoadStateAsync();
        await inbox.EntryOf(other.Reference).GetByRole(AriaRole.Button, new() { Name = "Approve" }).DblClickAsync();
        _arrives.SetResult();
        await priya.AliveAsync();
        await Expect(inbox.EntryOf(other.Reference)).ToContainTextAsync("Approved by you");
        Assert.Equal(RequestState.Approved, await Stage.StateOfAsync(other));
        Assert.Equal(RequestState.Pending, await Stage.StateOfAsync(one));
        await Expect(priya.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_press_of_long_ago_is_let_go()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Moving to the new host.");
        var priya = await SignedInAsync(Person.Priya);
        await priya.Page.Clock.InstallAsync();
        await HoldAsync(priya, "**/_blazor/negotiate*", "/approvals");
        var approve = new ApprovalsPage(priya).EntryOf(asked.Reference).GetByRole(AriaRole.Button, new() { Name = "Approve" });
        await priya.Page.WaitForLoadStateAsync();
        await approve.ClickAsync();
        await Expect(approve).ToHaveClassAsync(Early());
        await priya.Page.Clock.FastForwardAsync(10_000);
        await Expect(approve).Not.ToHaveClassAsync(Early());
        _arrives.SetResult();
        await priya.AliveAsync();
        await Expect(approve).ToBeVisibleAsync();
        Assert.Equal(RequestState.Pending, await Stage.StateOfAsync(asked));
    }

    [Fact]
    public async Task Signing_out_needs_no_page_that_is_alive()
    {
        var mira = await WaitsForAsync("**/_blazor/negotiate*", "/catalog");
        await mira.Page.WaitForLoadStateAsync();
        await mira.Page.GetByRole(AriaRole.Button, new() { Name = "Account of Mira Okafor" }).ClickAsync();
        await mira.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(mira.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("You are signed out");
        _arrives.SetResult();
    }

    [Fact]
    public async Task A_search_that_was_begun_is_carried_out()
    {
        var mira = await WaitsForAsync(Script, "/catalog");
        var search = mira.Page.GetByRole(AriaRole.Searchbox);
        await search.PressSequentiallyAsync("klarna");
        _arrives.SetResult();
        await mira.AliveAsync();
        await Expect(mira.Page.GetByRole(AriaRole.Main)).Not.ToContainTextAsync("acquirer-api-key");
        await Expect(mira.Page.GetByRole(AriaRole.Main)).ToContainTextAsync("klarna-api-password");
        await Expect(search).ToHaveValueAsync("klarna");
        await Expect(search).ToBeFocusedAsync();
    }

    /// <summary>Opens a page for which something that it needs does not come before the test says so.</summary>
    private async Task<Visitor> WaitsForAsync(string what, string url, Person? person = null)
    {
        var reader = await SignedInAsync(person ?? Person.Mira);
        await HoldAsync(reader, what, url);
        return reader;
    }

    /// <summary>Holds back what the server says as soon as something has vanished from the page, until the test lets it go on.</summary>
    /// <returns>Done once it has vanished, with what lets the server go on.</returns>
    private static async Task<Task<TaskCompletionSource>> StandsStillOnceGoneAsync(Visitor reader, string selector)
    {
        var gone = new TaskCompletionSource<TaskCompletionSource>();
        var messages = Channel.CreateUnbounded<byte[]>();
        await reader.Page.RouteWebSocketAsync("**/_blazor*", socket =>
        {
            socket.ConnectToServer().OnMessage(frame => messages.Writer.TryWrite(frame.Binary ?? Encoding.UTF8.GetBytes(frame.Text!)));
            _ = PassOnAsync(socket);
        });
        return gone.Task;

        async Task PassOnAsync(IWebSocketRoute socket)
        {
            try
            {
                await PassAllOnAsync(socket);
            }
            catch (Exception fault)
            {
                gone.TrySetException(fault);
            }
        }

        async Task PassAllOnAsync(IWebSocketRoute socket)
        {
            await foreach (var message in messages.Reader.ReadAllAsync(TestContext.Current.CancellationToken))
            {
                socket.Send(message);
                if (gone.Task.IsCompleted || await reader.Page.Locator(selector).CountAsync() > 0)
                    continue;
                var goOn = new TaskCompletionSource();
                gone.SetResult(goOn);
                await goOn.Task;
            }
        }
    }

    [GeneratedRegex(@"\bearly\b")]
    private static partial Regex Early();

    private async Task HoldAsync(Visitor reader, string what, string url)
    {
        await reader.Page.RouteAsync(what, async route =>
        {
            await _arrives.Task;
            await route.ContinueAsync();
        });
        await reader.Page.GotoAsync(url, new() { WaitUntil = WaitUntilState.Commit });
    }
}
