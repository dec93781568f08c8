using Microsoft.Extensions.Time.Testing;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.Audit;

namespace Portal.Tests.Audit;

/// <summary>The progress of a download is there for the page that started it, however many there were before.</summary>
public sealed class ExportProgressTests
{
    private static readonly Actor Reader = new(ActorKind.Person, Company.Ingrid.Id, Company.Ingrid.Name, Company.Ingrid.Upn, new HashSet<PortalRole> { PortalRole.Auditor }, new HashSet<Guid>());

    private readonly FakeTimeProvider _clock = new();
    private readonly ExportProgress _progress;

    public ExportProgressTests() => _progress = new ExportProgress(_clock);

    [Fact]
    public void After_thousands_of_downloads_the_next_one_can_still_be_followed()
    {
        for (var download = 0; download < 3000; download++)
            using (Follow(out var ticket, out var export))
                Assert.Same(export, _progress.Find(ticket, Reader));
    }

    [Fact]
    public void A_download_that_is_over_is_still_found_for_some_minutes_and_then_forgotten()
    {
        var over = Follow(out var ticket, out var export);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Same(export, _progress.Find(ticket, Reader));
        over.Dispose();
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Same(export, _progress.Find(ticket, Reader));
        _clock.Advance(ExportProgress.Kept);
        using var next = Follow(out _, out _);
        Assert.Null(_progress.Find(ticket, Reader));
    }

    [Fact]
    public void Downloads_under_way_make_way_for_none_and_those_that_are_over_do()
    {
        var first = Follow(out var firstTicket, out _);
        for (var download = 1; download < 1000; download++)
            Follow(out _, out _);
        Follow(out var refused, out _).Dispose();
        Assert.Null(_progress.Find(refused, Reader));
        Assert.NotNull(_progress.Find(firstTicket, Reader));
        first.Dispose();
        using var next = Follow(out var ticket, out var export);
        Assert.Same(export, _progress.Find(ticket, Reader));
    }

    [Fact]
    public void A_second_download_of_a_page_takes_the_place_of_its_first()
    {
        var ticket = Guid.NewGuid();
        var (one, two) = (Export(), Export());
        var first = _progress.Show(ticket.ToString("N"), Reader, one);
        using var second = _progress.Show(ticket.ToString("N"), Reader, two);
        Assert.Same(two, _progress.Find(ticket, Reader));
        // That the first is over says nothing of the second.
        first.Dispose();
        _clock.Advance(TimeSpan.FromHours(1));
        using var other = Follow(out _, out _);
        Assert.Same(two, _progress.Find(ticket, Reader));
    }

    [Fact]
    public void What_is_no_ticket_is_not_followed()
    {
        _progress.Show("no ticket", Reader, Export()).Dispose();
        _progress.Show(null, Reader, Export()).Dispose();
        Assert.Null(_progress.Find(Guid.Empty, Reader));
    }

    private IDisposable Follow(out Guid ticket, out AuditExport export)
    {
        ticket = Guid.NewGuid();
        export = Export();
        return _progress.Show(ticket.ToString("N"), Reader, export);
    }

    private static AuditExport Export() => new(new AuditFilter(), new ExportPoint(0, null, "", [], []), false, 0, "auditor", _ => AsyncEnumerable.Empty<AuditRows>(), _ => Task.FromResult(true));
}
