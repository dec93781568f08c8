using System.Globalization;
using Bunit;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Tests.World;
using Portal.Web.Requests;

namespace Portal.Tests.Web;

/// <summary>The form that asks for access: what it says beforehand, and that nothing typed is lost.</summary>
public sealed class RequestFormTests : BunitContext
{
    private const string Zone = "Europe/Paris";

    [Fact]
    public async Task It_says_beforehand_what_will_happen_in_the_readers_time()
    {
        await using var world = await this.OpenForAsync(Company.Mira, Zone);
        var page = Open("kv-payments-prod", "stripe-api-key");

        var sentence = Words(page.Find(".sentence").TextContent);
        Assert.Contains("This will grant Key Vault Secrets User on kv-payments-prod/stripe-api-key until 11:00", sentence, StringComparison.Ordinal);
        Assert.Contains("(your time) if it is approved now", sentence, StringComparison.Ordinal);
        var forecast = page.Find(".forecast").TextContent;
        Assert.Contains("payments-approvers", forecast, StringComparison.Ordinal);
        Assert.Contains("8 h", forecast, StringComparison.Ordinal);
        Assert.Contains("check-open", page.Find("[data-check=Justification]").ClassList);
        Assert.Contains("check-met", page.Find("[data-check=Policy]").ClassList);
        Assert.Empty(page.FindAll("[data-check=Ticket]"));
    }

    [Fact]
    public async Task A_zone_that_the_server_does_not_know_is_named_and_its_times_are_said_to_be_UTC()
    {
        await using var world = await this.OpenForAsync(Company.Mira, "Mars/Olympus_Mons");
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.FindAll("input[name=when]")[1].Change("on");

        var hint = page.Find("#start-hint").TextContent;
        Assert.Contains("UTC", hint, StringComparison.Ordinal);
        Assert.Contains("Mars/Olympus_Mons", hint, StringComparison.Ordinal);
        Assert.DoesNotContain("In your time zone", hint, StringComparison.Ordinal);
        Assert.Contains("(UTC)", page.Find(".sentence").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("your time", page.Find(".sentence").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_how_access_is_given_and_when_the_subscription_takes_no_more()
    {
        await using var world = await this.OpenForAsync(Company.Mira, Zone);
        world.Cloud.Others = 4000;
        var forecast = Words(Open("kv-payments-prod", "stripe-api-key").Find(".forecast").TextContent);
        Assert.Contains("a role assignment that the portal makes and takes back", forecast, StringComparison.Ordinal);
        Assert.Contains("Azure takes no more", forecast, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_follows_what_is_typed()
    {
        await using var world = await this.OpenForAsync(Company.Mira, Zone);
        var page = Open("kv-payments-prod", "stripe-api-key");

        page.Find("#justification").Input("Rotate the key");
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("check-met", page.Find("[data-check=Justification]").ClassList));

        page.FindAll("input[name=duration]")[0].Change("on");
        page.WaitForAssertion(() => Assert.Contains("until 10:30", Words(page.Find(".sentence").TextContent), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_offered_roles_and_lengths_can_be_chosen()
    {
        await using var world = await this.OpenForAsync(Company.Jonas);
        var page = Open("kv-logistics-prod", "carrier-token");

        Assert.Equal(["Key Vault Secrets User"], page.FindAll(".role strong").Select(r => r.TextContent));
        Assert.Equal(["30 min", "1 h", "4 h (longest)", "Other", "As soon as it is approved", "At a set time"], page.FindAll(".chip").Select(c => c.TextContent.Trim()));
        Assert.Contains("check-open", page.Find("[data-check=Ticket]").ClassList);
    }

    [Fact]
    public async Task A_refusal_stands_at_its_field_and_all_that_was_typed_stays()
    {
        await using var world = await this.OpenForAsync(Company.Jonas);
        var page = Open("kv-logistics-prod", "carrier-token");
        const string Written = "Look at \u202Ethe token";

        page.Find("#justification").Input(Written);
        page.Find("form").Submit();

        page.WaitForElement("#justification-problem .field-fault");
        Assert.Contains("U+202E", page.Find("#justification-problem").TextContent, StringComparison.Ordinal);
        Assert.Contains("ticket", page.Find("#ticket-problem").TextContent, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("true", page.Find("#justification").GetAttribute("aria-invalid"));
        Assert.Equal(Written, page.Find("#justification").GetAttribute("value"));
        Assert.Equal(0, await world.ReadAsync(db => db.AccessRequests.CountAsync()));
    }

    [Fact]
    public async Task A_double_click_is_one_request_and_leads_to_its_page()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.Find("#justification").Input("Rotate the key, <script>alert(1)</script>");

        await Task.WhenAll(page.Find("form").SubmitAsync(), page.Find("form").SubmitAsync());

        page.WaitForAssertion(() => Assert.StartsWith("/requests/R-", this.Address(), StringComparison.Ordinal));
        var request = await world.ReadAsync(db => db.AccessRequests.SingleAsync());
        Assert.Equal($"/requests/{request.Reference}", this.Address());
        Assert.Equal("Rotate the key, <script>alert(1)</script>", request.Justification);
        Assert.Equal(TimeSpan.FromHours(1), request.Duration);
        Assert.Null(request.WindowStart);
    }

    [Theory]
    [InlineData("", "The end has to come after the start.")]
    [InlineData("0", "The end has to come after the start.")]
    [InlineData("-3", "The end has to come after the start.")]
    [InlineData("0.01", "The shortest time is 5 minutes.")]
    [InlineData("9", "The longest window here is 8 h.")]
    [InlineData("99999999999999999999", "The longest window here is 8 h.")]
    [InlineData("1e400", "The longest window here is 8 h.")]
    [InlineData("an hour", "This is not a number.")]
    [InlineData("NaN", "This is not a number.")]
    public async Task A_length_that_cannot_be_is_refused_at_its_field(string hours, string words)
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.Find("#justification").Input("Rotate the key");
        page.FindAll("input[name=duration]")[^1].Change("on");
        page.Find(".custom input").Input(hours);

        page.Find("form").Submit();

        page.WaitForAssertion(() => Assert.Contains(words, page.Find("#duration-problem").TextContent, StringComparison.Ordinal));
        Assert.Equal(hours, page.Find(".custom input").GetAttribute("value"));
        Assert.Equal(0, await world.ReadAsync(db => db.AccessRequests.CountAsync()));
    }

    [Theory]
    [InlineData("2026-03-01T09:00", "The start lies in the past.")]
    [InlineData("2026-12-01T09:00", "The start may lie at most 30 days ahead.")]
    [InlineData("2026-03-29T02:30", "There is no such time that day")]
    [InlineData("", "The start is missing.")]
    public async Task A_start_that_cannot_be_is_refused_at_its_field(string start, string words)
    {
        await using var world = await this.OpenForAsync(Company.Mira, Zone);
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.Find("#justification").Input("Rotate the key");
        page.FindAll("input[name=when]")[1].Change("on");
        page.Find(".start").Change(start);

        page.Find("form").Submit();

        page.WaitForAssertion(() => Assert.Contains(words, page.Find("#start-problem").TextContent, StringComparison.Ordinal));
        Assert.Equal(0, await world.ReadAsync(db => db.AccessRequests.CountAsync()));
    }

    [Fact]
    public async Task A_start_is_meant_in_the_readers_zone_on_the_day_itself()
    {
        await using var world = await this.OpenForAsync(Company.Mira, Zone);
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.Find("#justification").Input("Rotate the key");
        page.FindAll("input[name=when]")[1].Change("on");
        // Summer time begins that morning: Paris is two hours ahead by then, and one hour ahead today.
        page.Find(".start").Change("2026-03-29T09:00");

        page.Find("form").Submit();

        page.WaitForAssertion(() => Assert.StartsWith("/requests/R-", this.Address(), StringComparison.Ordinal));
        Assert.Equal(new DateTimeOffset(2026, 3, 29, 7, 0, 0, TimeSpan.Zero), (await world.ReadAsync(db => db.AccessRequests.SingleAsync())).WindowStart);
    }

    [Fact]
    public async Task A_request_that_waits_already_is_named_and_linked()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var asked = await world.AskAsync();
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.Find("#justification").Input("Once more");

        page.Find("form").Submit();

        page.WaitForElement($".refusal a[href='/requests/{asked.Reference}']");
    }

    [Theory]
    [InlineData("kv-logistics-prod", "carrier-token", "logistics-engineers")]
    [InlineData("kv-platform-prod", "root-ca-key", "keep-platform")]
    [InlineData("kv-legacy-erp", "erp-admin", "access policies")]
    [InlineData("kv-payments-prod", "old-gateway-key", "disabled")]
    public async Task Where_nothing_can_be_asked_for_it_says_why_and_shows_no_form(string vault, string secret, string words)
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, vault).Add(r => r.SecretName, secret));
        Assert.Contains(words, page.WaitForElement(".cannot").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("form"));
    }

    [Fact]
    public async Task Who_has_no_role_that_asks_is_told_so()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, "kv-payments-prod").Add(r => r.SecretName, "stripe-api-key"));
        Assert.Contains("no role that asks", page.WaitForElement(".cannot").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kv-payments-prod", "nothing-of-this-name")]
    [InlineData("kv-elsewhere", "stripe-api-key")]
    public async Task What_the_catalog_does_not_know_is_said_to_be_unknown(string vault, string secret)
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, vault).Add(r => r.SecretName, secret));
        page.WaitForElement(".empty-state");
    }

    [Fact]
    public async Task The_whole_vault_can_be_asked_for_where_a_policy_offers_it()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Open("kv-payments-prod", null);
        page.Find("#justification").Input("Move the vault");

        page.Find("form").Submit();

        page.WaitForAssertion(() => Assert.StartsWith("/requests/R-", this.Address(), StringComparison.Ordinal));
        Assert.Equal(Company.PaymentsVault, (await world.ReadAsync(db => db.AccessRequests.SingleAsync())).Scope);
    }

    [Fact]
    public async Task The_form_keeps_what_it_said_and_does_not_say_that_the_reader_is_not_eligible()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, "kv-payments-prod").Add(r => r.SecretName, "stripe-api-key"));
        page.WaitForElement("[data-check=Policy]");

        Silence(world);
        page.FindAll("input[name=duration]")[0].Change("on");
        page.WaitForAssertion(() => Assert.Contains("could not confirm your roles and groups", page.Find(".forecast").TextContent, StringComparison.Ordinal));
        Assert.Contains("payments-approvers", page.Find(".forecast").TextContent, StringComparison.Ordinal);
        Assert.Contains("check-met", page.Find("[data-check=Scope]").ClassList);
        Assert.Contains("check-met", page.Find("[data-check=Policy]").ClassList);
    }

    [Fact]
    public async Task Too_many_requests_are_not_laid_on_the_policy()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        world.RequestLimit = 1;
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var page = Open("kv-payments-prod", "stripe-api-key");
        page.Find("form").Submit();
        page.WaitForElement(".refusal");
        Assert.Contains("check-met", page.Find("[data-check=Policy]").ClassList);
        Assert.DoesNotContain("Ready to be sent", page.Find(".forecast").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_to_ask_on_that_opens_meanwhile_does_not_send_the_reader_away_as_not_eligible()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        Silence(world);
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, "kv-payments-prod").Add(r => r.SecretName, "stripe-api-key"));
        page.WaitForAssertion(() => Assert.Contains("could not confirm your roles and groups", page.Find(".refusal").TextContent, StringComparison.Ordinal));
        Assert.Empty(page.FindAll(".cannot"));
    }

    private static void Silence(PortalWorld world)
    {
        // Longer than any answer of the directory is used again.
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_an_earlier_request_of_ones_own_is_a_beginning(bool own)
    {
        await using var world = await this.OpenForAsync(Company.Priya);
        // Priya may read it either way: she approves what others ask for here.
        var earlier = await world.AskAsync(own ? Company.Priya : Company.Mira, PortalWorld.Draft(justification: "Rotate the key", ticket: "INC-7"));
        this.GoTo($"/catalog/kv-payments-prod/stripe-api-key?again={earlier.Reference}");
        var page = Open("kv-payments-prod", "stripe-api-key");
        Assert.Equal(own ? "Rotate the key" : "", page.Find("#justification").GetAttribute("value") ?? "");
        Assert.Equal(own ? "INC-7" : "", page.Find("#ticket").GetAttribute("value") ?? "");
    }

    [Theory]
    [InlineData("2026-10-25T00:30:20Z", "2026-10-25T00:30:00Z")]
    [InlineData("2026-10-25T01:30:20Z", "2026-10-25T01:30:00Z")]
    [InlineData("2026-10-25T09:30:20Z", "2026-10-25T09:30:00Z")]
    public void More_time_begins_where_the_present_one_ends_also_in_the_hour_that_comes_twice(string ends, string starts)
    {
        var paris = TimeZoneInfo.FindSystemTimeZoneById(Zone);
        var end = DateTimeOffset.Parse(ends, CultureInfo.InvariantCulture);
        var input = new RequestInput { FollowsOn = end, Later = true, StartText = TimeZoneInfo.ConvertTime(end, paris).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture) };
        Assert.Equal(DateTimeOffset.Parse(starts, CultureInfo.InvariantCulture), input.Start(paris)!.Value.Instant);
        Assert.False(input.Start(paris)!.Value.Twice);
        // Another time is as it is typed: of the two, the first.
        input.StartText = "2026-10-25T02:10";
        Assert.Equal(new DateTimeOffset(2026, 10, 25, 0, 10, 0, TimeSpan.Zero), input.Start(paris)!.Value.Instant);
    }

    [Fact]
    public async Task An_earlier_request_that_cannot_be_is_none()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        // PostgreSQL takes no such text; here it must not even be asked.
        world.DatabaseFaults.BreakCommand = command => command.Parameters.Cast<System.Data.Common.DbParameter>().Any(p => p.Value is string text && text.Contains('\0')) ? new IOException("invalid byte sequence") : null;
        this.GoTo("/catalog/kv-payments-prod/stripe-api-key?again=R-%00");
        Assert.Empty(Open("kv-payments-prod", "stripe-api-key").Find("#justification").GetAttribute("value") ?? "");
    }

    private IRenderedComponent<RequestPage> Open(string vault, string? secret)
    {
        var page = Render<RequestPage>(p => p.Add(r => r.VaultName, vault).Add(r => r.SecretName, secret));
        page.WaitForElement(".checks");
        return page;
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
