using Portal.Web.Layout;

namespace Portal.Tests.Web;

public sealed class ReaderZoneTests
{
    [Theory]
    [InlineData("Europe/Paris", "2026-03-28T09:00", "2026-03-28T08:00Z", false)]
    [InlineData("Europe/Paris", "2026-03-29T09:00", "2026-03-29T07:00Z", false)]
    [InlineData("Europe/Paris", "2026-10-25T02:30", "2026-10-25T00:30Z", true)]
    [InlineData("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30Z", true)]
    [InlineData("Asia/Kolkata", "2026-03-29T09:00", "2026-03-29T03:30Z", false)]
    [InlineData("UTC", "2026-03-29T02:30", "2026-03-29T02:30Z", false)]
    public void A_time_on_the_readers_clock_is_an_instant(string zone, string time, string instant, bool twice)
    {
        var named = ReaderZone.InstantOf(DateTime.Parse(time, System.Globalization.CultureInfo.InvariantCulture), TimeZoneInfo.FindSystemTimeZoneById(zone));
        Assert.Equal(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture), named.Instant);
        Assert.Equal(twice, named.Twice);
    }

    [Theory]
    [InlineData("Europe/Paris", "2026-03-29T02:30")]
    [InlineData("America/New_York", "2026-03-08T02:00")]
    [InlineData("Asia/Kolkata", "0001-01-01T00:00")]
    public void A_time_that_the_clock_never_shows_is_none(string zone, string time) =>
        Assert.Null(ReaderZone.InstantOf(DateTime.Parse(time, System.Globalization.CultureInfo.InvariantCulture), TimeZoneInfo.FindSystemTimeZoneById(zone)).Instant);

    [Theory]
    [InlineData("Europe/Paris", "2026-03-29", "2026-03-28T23:00Z")]
    // Summer begins at midnight there: the day begins at one.
    [InlineData("America/Santiago", "2026-09-06", "2026-09-06T04:00Z")]
    [InlineData("Asia/Kolkata", "0001-01-01", "0001-01-01T00:00Z")]
    public void A_day_begins_at_the_first_time_that_its_clock_shows(string zone, string day, string instant) =>
        Assert.Equal(
            DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture),
            ReaderZone.StartOf(DateTime.Parse(day, System.Globalization.CultureInfo.InvariantCulture), TimeZoneInfo.FindSystemTimeZoneById(zone)));
}
