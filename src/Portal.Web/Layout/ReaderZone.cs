using System.Globalization;
using Microsoft.JSInterop;

namespace Portal.Web.Layout;

/// <summary>A time of day that a reader named, as an instant.</summary>
/// <param name="Instant">The instant; null when there is no such time that day.</param>
/// <param name="Twice">Whether the clock shows this time twice that day; the first of the two is meant.</param>
public readonly record struct NamedTime(DateTimeOffset? Instant, bool Twice);

/// <summary>The time zone of the reader's browser. Known once the page is interactive.</summary>
public sealed class ReaderZone(IJSRuntime script)
{
    private TimeZoneInfo? _zone;

    /// <summary>What the browser calls a zone that this server does not know: times are UTC then, and not the reader's. Null while nothing is asked, and when the zone is known.</summary>
    public string? Unknown { get; private set; }

    /// <summary>Asks the browser, the first time. UTC when it names a zone that this server does not know: see <see cref="Unknown"/>.</summary>
    public async ValueTask<TimeZoneInfo> GetAsync(CancellationToken ct = default)
    {
        if (_zone is not null)
            return _zone;
        await using var format = await script.InvokeAsync<IJSObjectReference>("Intl.DateTimeFormat", ct);
        var name = (await format.InvokeAsync<ResolvedOptions>("resolvedOptions", ct)).TimeZone;
        if (name is not null && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
            return _zone = zone;
        Unknown = name ?? "?";
        return _zone = TimeZoneInfo.Utc;
    }

    /// <summary>The instant at which a clock in a zone shows a time. A time that the clock skips when summer begins is none; of one that it shows twice when summer ends, the first.</summary>
    public static NamedTime InstantOf(DateTime time, TimeZoneInfo zone)
    {
        var clock = DateTime.SpecifyKind(time, DateTimeKind.Unspecified);
        if (zone.IsInvalidTime(clock))
            return new NamedTime(null, false);
        var twice = zone.IsAmbiguousTime(clock);
        var offset = twice ? zone.GetAmbiguousTimeOffsets(clock).Max() : zone.GetUtcOffset(clock);
        var ticks = clock.Ticks - offset.Ticks;
        return ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks
            ? new NamedTime(null, false)
            : new NamedTime(new DateTimeOffset(ticks, TimeSpan.Zero), twice);
    }

    /// <summary>The instant at which a day begins in a zone: midnight, or the first time that there is where summer begins at midnight. Midnight in UTC for a day at the ends of time, which has none there.</summary>
    public static DateTimeOffset StartOf(DateTime day, TimeZoneInfo zone) =>
        InstantOf(day, zone).Instant ?? InstantOf(day.AddHours(1), zone).Instant ?? new DateTimeOffset(day, TimeSpan.Zero);

    /// <summary>An instant as a clock in a zone shows it: the time alone on the day of <paramref name="now"/>, otherwise with the day.</summary>
    public static string Show(DateTimeOffset instant, DateTimeOffset now, TimeZoneInfo zone)
    {
        var there = TimeZoneInfo.ConvertTime(instant, zone);
        var today = TimeZoneInfo.ConvertTime(now, zone);
        var time = there.ToString("t", CultureInfo.CurrentCulture);
        return there.Date == today.Date ? time
            : there.Year == today.Year ? $"{there.ToString("ddd d MMM", CultureInfo.CurrentCulture)}, {time}"
            : $"{there.ToString("ddd d MMM yyyy", CultureInfo.CurrentCulture)}, {time}";
    }

    private sealed record ResolvedOptions(string? TimeZone);
}
