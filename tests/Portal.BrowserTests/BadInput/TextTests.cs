using System.Text.RegularExpressions;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.BadInput;

/// <summary>Texts that nobody should send, typed into the form.</summary>
[Collection(World.Journeys.Name)]
public sealed class TextTests(Stage stage) : BrowserTest(stage)
{
    private const string Vault = "kv-payments-test";
    private const string Ticket = "INC-1234";

    private static readonly Dictionary<string, (string Text, string Says)> Bad = new()
    {
        ["10,001 characters"] = (new string('x', 10_001), "This text has 10[,.]?001 characters; at most 10[,.]?000 fit"),
        ["blank"] = (" \n\t ", "This text is empty"),
        ["zero-width"] = ("\u200B\u200D\uFEFF", "This text is empty"),
        ["right-to-left override"] = ("open \u202Eterces eht\u202C please", "changes the reading direction"),
        ["isolates"] = ("a\u2066b\u2069c", "changes the reading direction"),
        ["a control character"] = ("bell\u0007", "control character"),
    };

    private static readonly Dictionary<string, string> Odd = new()
    {
        ["stripe-restricted-key"] = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
        ["stripe-webhook-secret"] = "=HYPERLINK(\"http://evil.example\",\"ok\")",
        ["paypal-client-secret"] = "سداد المورد 42 אבג é ẞ 👩🏽‍🚒 Ω\nsecond line",
    };

    public static TheoryData<string> Refused { get; } = [.. Bad.Keys];

    public static TheoryData<string> Kept { get; } = [.. Odd.Keys];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task It_is_refused_beside_its_field_and_everything_typed_stays(string name)
    {
        var (text, says) = Bad[name];
        var form = new RequestFormPage(await SignedInAsync(Person.Mira, $"/catalog/{Vault}/acquirer-api-key"));
        await form.ChooseLengthAsync("30 min");
        await form.Ticket.FillAsync(Ticket);
        await form.Justification.FillAsync(text);
        await form.Send.ClickAsync();
        await Expect(form.JustificationProblem).ToContainTextAsync(new Regex(says));
        await Expect(form.Justification).ToHaveValueAsync(text);
        await Expect(form.Justification).ToBeFocusedAsync();
        await Expect(form.Ticket).ToHaveValueAsync(Ticket);
        Assert.Equal(0, await Stage.RequestsWithAsync(text));
    }

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task It_is_text_and_nothing_else(string secret)
    {
        var text = Odd[secret];
        var mira = await SignedInAsync(Person.Mira, $"/catalog/{Vault}/{secret}");
        var form = new RequestFormPage(mira);
        await form.Justification.FillAsync(text);
        await form.SendAsync();
        var request = new RequestPage(mira);
        await Expect(request.Main).ToContainTextAsync(text.Split('\n')[0]);
        Assert.DoesNotContain("owned", await mira.Page.TitleAsync(), StringComparison.Ordinal);
        Assert.Equal(1, await Stage.RequestsWithAsync(text));
    }
}
