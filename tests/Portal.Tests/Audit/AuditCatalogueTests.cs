using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Grants.Pauses;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>The catalogue says of each code what events with it hold.</summary>
public sealed class AuditCatalogueTests
{
    // The controls that an auditor maps the portal to.
    private static readonly string[] Controls = ["CC6.1", "CC6.2", "CC6.3", "CC7.2", "A.5.15", "A.5.16", "A.5.17", "A.5.18", "A.8.2", "A.8.15"];

    [Fact]
    public void Every_code_says_who_causes_it_and_what_it_is_evidence_for()
    {
        Assert.Equal(AuditCode.All, AuditCatalogue.All.Select(e => e.Code));
        Assert.All(AuditCatalogue.All, e => Assert.NotEmpty(e.CausedBy));
        Assert.All(AuditCatalogue.All, e => Assert.NotEmpty(e.Controls));
        Assert.Empty(AuditCatalogue.All.SelectMany(e => e.Controls).Except(Controls));
        Assert.Empty(AuditCatalogue.All.SelectMany(e => e.Fields.Intersect(AuditCatalogue.InEvery)));
        Assert.All(AuditCatalogue.All, e => Assert.Equal(e.Fields.Distinct(), e.Fields));
    }

    [Fact]
    public async Task An_event_holds_no_field_that_the_catalogue_does_not_name()
    {
        await using var world = await PortalWorld.OpenAsync();
        var granted = await world.PromiseAsync();
        await world.WorkAsync();
        await world.ReturnAsync(granted.Id, Company.Mira);
        await world.WorkAsync();
        var revoked = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        await world.WorkAsync();
        await world.RevokeAsync(revoked.Id, Company.Tomas);
        await world.WorkAsync();
        var asked = await world.AskAsync();
        await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "No");
        await world.AskAsync();
        await world.DecideAsync(asked.RequestId, Company.Mira);
        await world.PauseAsync(new PauseInput(PauseTarget.Everything, null, null, "Incident", TakeBack: true));
        await world.PassAsync(TimeSpan.FromHours(2));

        var events = await world.EventsAsync();
        Assert.InRange(events.Select(e => e.Code).Distinct().Count(), 11, 100);
        var canonical = new CanonicalEvent();
        foreach (var happened in events)
        {
            canonical.Take(happened);
            var entry = AuditCatalogue.All.Single(e => e.Code.Value == happened.Code);
            foreach (var field in Enum.GetValues<EventField>().Where(f => canonical.Utf8(f).Length > 0))
                Assert.True(AuditCatalogue.InEvery.Contains(field) || entry.Fields.Contains(field), $"{happened.Code} has {field}.");
        }
    }
}
