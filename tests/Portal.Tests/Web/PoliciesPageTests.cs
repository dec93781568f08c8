using Bunit;
using Portal.Core.Policies;
using Portal.Tests.World;
using Portal.Web.Policies;

namespace Portal.Tests.Web;

public sealed class PoliciesPageTests : BunitContext
{
    [Fact]
    public async Task Each_policy_says_what_it_governs_and_how_the_reader_stands_to_it()
    {
        await using var world = await this.OpenForAsync(Company.Priya);
        var page = Render<PoliciesPage>();
        page.WaitForElement(".policies");
        Assert.Equal(["payments", "logistics", "platform"], page.FindAll(".policy-head a").Select(a => a.TextContent));
        var payments = page.FindAll(".policies > li")[0].TextContent;
        Assert.Contains("You may ask", payments, StringComparison.Ordinal);
        Assert.Contains("You approve", payments, StringComparison.Ordinal);
        Assert.Contains("8 h", payments, StringComparison.Ordinal);
        Assert.DoesNotContain("You may ask", page.FindAll(".policies > li")[1].TextContent, StringComparison.Ordinal);
        Assert.Equal("needed", page.FindAll("[data-fact=Ticket] dd")[1].TextContent.Trim());
    }

    [Fact]
    public async Task A_policy_shows_what_each_version_changed()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        world.Clock.Advance(TimeSpan.FromDays(1));
        PolicyDefinition[] shorter = [Company.Policies[0] with { LongestWindow = TimeSpan.FromHours(2) }, .. Company.Policies.Skip(1)];
        await world.LoadPoliciesAsync(shorter);
        world.Clock.Advance(TimeSpan.FromDays(1));
        await world.LoadPoliciesAsync([shorter[0] with { RequiresTicket = true, Secrets = ["stripe-*"] }, .. shorter.Skip(1)]);

        var page = Render<PoliciesPage>(p => p.Add(r => r.PolicyName, "payments"));
        page.WaitForElement(".versions");
        var versions = page.FindAll(".versions > li");
        Assert.Equal(2, versions.Count);
        Assert.Equal(["Secrets", "Ticket"], versions[0].QuerySelectorAll("dt").Select(t => t.TextContent));
        Assert.Equal("8 h", versions[1].QuerySelector("s")!.TextContent);
        Assert.Equal("2 h", versions[1].QuerySelector("strong")!.TextContent);
        Assert.Contains("Version 3", page.Find(".since").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_that_is_not_there_is_said_to_be_unknown()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        Render<PoliciesPage>(p => p.Add(r => r.PolicyName, "none-such")).WaitForElement(".empty-state");
    }
}
