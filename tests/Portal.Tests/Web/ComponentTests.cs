using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MudBlazor.Services;
using Portal.Core;
using Portal.Web.Components;

namespace Portal.Tests.Web;

public sealed class ComponentTests : BunitContext
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider _clock = new(Now);

    public ComponentTests()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddLocalization();
        Services.AddMudServices();
        Services.AddSingleton<TimeProvider>(_clock);
    }

    [Theory]
    [InlineData(0, "now")]
    [InlineData(-44, "now")]
    [InlineData(-60, "1 minute ago")]
    [InlineData(300, "in 5 minutes")]
    [InlineData(-7200, "2 hours ago")]
    [InlineData(86400, "in 1 day")]
    [InlineData(-86400 * 60, "2 months ago")]
    public void A_time_says_how_far_away_it_is(int seconds, string expected)
    {
        var time = Render<TimeText>(p => p.Add(t => t.Value, Now.AddSeconds(seconds))).Find("time");
        Assert.Equal(expected, time.TextContent);
    }

    [Fact]
    public void A_time_carries_the_exact_instant_in_utc_whatever_its_offset()
    {
        var time = Render<TimeText>(p => p.Add(t => t.Value, new DateTimeOffset(2026, 5, 4, 14, 30, 0, TimeSpan.FromHours(2)))).Find("time");
        Assert.Equal("2026-05-04T12:30:00.000Z", time.GetAttribute("datetime"));
        Assert.EndsWith("12:30:00 UTC", time.GetAttribute("data-exact"), StringComparison.Ordinal);
        Assert.Equal("0", time.GetAttribute("tabindex"));
    }

    [Theory]
    [InlineData(42 * 60, "ends in 42 min", "")]
    [InlineData(65 * 60, "ends in 1 h 5 min", "")]
    [InlineData(15 * 60, "ends in 15 min", "is-close")]
    [InlineData(35, "ends in 35 s", "is-close")]
    [InlineData(0, "ended", "is-over")]
    [InlineData(-5, "ended", "is-over")]
    public void A_countdown_says_what_is_left(int seconds, string expected, string state)
    {
        var countdown = Render<Countdown>(p => p.Add(c => c.Until, Now.AddSeconds(seconds))).Find(".countdown");
        Assert.Equal(expected, countdown.TextContent.Trim());
        Assert.Equal(state.Length > 0, countdown.ClassList.Contains(state.Length > 0 ? state : "is-close"));
    }

    [Fact]
    public void A_countdown_tells_the_browser_the_servers_time()
    {
        var countdown = Render<Countdown>(p => p.Add(c => c.Until, Now.AddMinutes(1)));
        _clock.Advance(TimeSpan.FromSeconds(30));
        countdown.Render();
        Assert.Equal("2026-05-04T12:00:30.000Z", countdown.Find(".countdown").GetAttribute("data-now"));
    }

    [Fact]
    public void Every_tone_of_a_pill_has_words_and_an_icon_of_its_own()
    {
        var icons = Enum.GetValues<PillTone>().Select(tone =>
        {
            var pill = Render<StatusPill>(p => p.Add(s => s.Text, "State").Add(s => s.Tone, tone));
            Assert.Equal("State", pill.Find(".pill").TextContent.Trim());
            return pill.Find("use").GetAttribute("href");
        }).ToList();
        Assert.Equal(icons.Count, icons.Distinct().Count());
    }

    [Fact]
    public void Text_from_people_is_text()
    {
        var box = Render<CopyBox>(p => p.Add(c => c.Text, "<script>alert(1)</script>"));
        Assert.Equal("<script>alert(1)</script>", box.Find("code").TextContent);
        Assert.Empty(box.FindAll("script"));
    }

    [Fact]
    public void A_text_to_copy_is_kept_to_the_character_and_broken_only_between_its_words()
    {
        const string text = "az keyvault secret show  --name db-key \\\n\t--query value\n";
        var box = Render<CopyBox>(p => p.Add(c => c.Text, text));
        Assert.Equal(text, box.Find("code").TextContent);
        Assert.Equal(["az", "keyvault", "secret", "show", "--name", "db-key", "\\", "--query", "value"], box.FindAll("code span").Select(word => word.TextContent));
    }

    [Fact]
    public void A_refusal_says_what_happened_and_what_to_do()
    {
        var alert = Render<RefusalAlert>(p => p.Add(r => r.Refusals, [new Refusal(RefusalCode.TextTooLong, "Justification", 10001, 2000)]));
        Assert.Contains("10001", alert.Find(".refusal-message").TextContent, StringComparison.Ordinal);
        Assert.Contains("Shorten", alert.Markup, StringComparison.Ordinal);
        Assert.Equal(RefusalCode.TextTooLong, alert.Find("code").TextContent);
        Assert.Equal("alert", alert.Find(".refusal").GetAttribute("role"));
    }

    [Fact]
    public void No_refusal_shows_nothing() => Assert.Empty(Render<RefusalAlert>(p => p.Add(r => r.Refusals, [])).Markup.Trim());

    [Fact]
    public void Every_refusal_code_has_words()
    {
        var words = Services.GetRequiredService<Microsoft.Extensions.Localization.IStringLocalizer<Portal.Web.Resources.RefusalWords>>();
        Assert.DoesNotContain(RefusalCode.All, code => words[code].ResourceNotFound || words[code + ".next"].ResourceNotFound);
    }

    [Fact]
    public async Task Load_more_loads_once_on_a_double_click()
    {
        var (loads, gate) = (0, new TaskCompletionSource());
        var more = Render<LoadMore>(p => p.Add(l => l.Shown, 25).Add(l => l.More, true).Add(l => l.OnLoad, EventCallback.Factory.Create(this, () =>
        {
            loads++;
            return gate.Task;
        })));
        var first = more.Find("button").ClickAsync();
        Assert.True(more.Find("button").HasAttribute("disabled"));
        await more.Find("button").ClickAsync();
        gate.SetResult();
        await first;
        Assert.Equal(1, loads);
        Assert.False(more.Find("button").HasAttribute("disabled"));
    }

    [Theory]
    [InlineData("Mira Okafor", "MO")]
    [InlineData("Ingrid", "I")]
    [InlineData("  ", "?")]
    [InlineData(null, "?")]
    [InlineData("😀 B", "😀B")]
    public void Initials_are_whole_characters(string? name, string expected) => Assert.Equal(expected, PersonName.InitialsOf(name));

    [Fact]
    public void A_page_has_one_h1_that_can_take_the_focus()
    {
        var heading = Render<PageHeading>(p => p.Add(h => h.Title, "Catalog").Add(h => h.Lead, "What there is."));
        Assert.Equal("-1", Assert.Single(heading.FindAll("h1")).GetAttribute("tabindex"));
    }

    [Fact]
    public void A_table_has_a_name_and_the_rows_it_is_given()
    {
        var table = Render<DataTable>(p => p.Add(t => t.Caption, "Vaults").Add(t => t.Head, "<th>Name</th>").AddChildContent("<tr><td>kv</td></tr>"));
        Assert.Equal("Vaults", table.Find("caption").TextContent);
        Assert.Equal("kv", table.Find("tbody td").TextContent);
    }

    [Fact]
    public void An_empty_state_and_loading_rows_say_what_they_are()
    {
        Assert.Equal("Nothing yet", Render<EmptyState>(p => p.Add(e => e.Title, "Nothing yet")).Find("h2").TextContent);
        var loading = Render<LoadingRows>(p => p.Add(l => l.Rows, 3));
        Assert.Equal("status", loading.Find(".loading-rows").GetAttribute("role"));
        Assert.Equal(3, loading.FindAll(".loading-row").Count);
    }
}
