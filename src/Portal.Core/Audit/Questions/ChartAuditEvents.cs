using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Questions;

/// <summary>What to draw.</summary>
/// <param name="Filter">Which events.</param>
/// <param name="Zone">The reader's zone: it says what a day is.</param>
public sealed record ChartQuery(AuditFilter Filter, TimeZoneInfo Zone);

/// <summary>How long a bar of a chart lasts.</summary>
public enum ChartStep
{
    /// <summary>A day.</summary>
    Day,

    /// <summary>Seven days from a Monday.</summary>
    Week,

    /// <summary>A month.</summary>
    Month,

    /// <summary>A year.</summary>
    Year,
}

/// <summary>One bar.</summary>
/// <param name="From">Where it starts.</param>
/// <param name="To">Where the next one starts.</param>
/// <param name="Events">How many events.</param>
/// <param name="Grants">How many grants began.</param>
public sealed record ChartBar(DateTimeOffset From, DateTimeOffset To, int Events, int Grants);

/// <summary>How many decisions took no longer than this.</summary>
/// <param name="UpTo">The longest that is counted here; null for all that took longer than the one before.</param>
/// <param name="Decisions">How many.</param>
public sealed record DecisionTime(TimeSpan? UpTo, int Decisions);

/// <summary>What the charts show.</summary>
/// <param name="Step">How long a bar lasts.</param>
/// <param name="Bars">In order, without gaps.</param>
/// <param name="OnTime">How many grants ended at their time.</param>
/// <param name="Early">How many ended early: given back or revoked.</param>
/// <param name="Times">From the fastest decisions to the slowest.</param>
/// <param name="Median">The time to decide in the middle case; null without decisions.</param>
public sealed record AuditCharts(ChartStep Step, IReadOnlyList<ChartBar> Bars, int OnTime, int Early, IReadOnlyList<DecisionTime> Times, TimeSpan? Median);

/// <summary>Counts what a filter leaves, for those who would rather look than read. Shows to each what the list shows them.</summary>
public sealed class ChartAuditEvents(IDbContextFactory<PortalDb> databases, AuditReads reads, TimeProvider clock)
{
    /// <summary>The most bars that are drawn.</summary>
    public const int MostBars = 62;

    /// <summary>How far back it goes when the filter does not say.</summary>
    public const int DefaultDays = 30;

    private const string Expired = "Expired";

    private static readonly TimeSpan[] Times = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(4), TimeSpan.FromDays(1)];

    /// <summary>Counts.</summary>
    public async Task<Result<AuditCharts>> ExecuteAsync(ChartQuery input, Actor actor, CancellationToken ct)
    {
        if ((actor.IsNobody() ?? input.Filter.Fault()) is { } refusal)
            return refusal;
        var (step, starts) = Bars(input.Filter, input.Zone, clock.Now());
        var filter = input.Filter with { From = input.Filter.From ?? starts[0], To = input.Filter.To ?? starts[^1] };
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.Charts, input.Filter), actor, ct);
        await AuditQuery.ReadyAsync(db, filter, ct);
        var bars = new List<ChartBar>();
        for (var bar = 0; bar + 1 < starts.Count; bar++)
        {
            var (from, to) = (Later(starts[bar], filter.From!.Value), Earlier(starts[bar + 1], filter.To!.Value));
            if (to <= from)
                continue;
            var within = filter with { From = from, To = to };
            bars.Add(new ChartBar(starts[bar], starts[bar + 1], await AuditQuery.Some(db, actor, within, int.MaxValue).CountAsync(ct), await CountAsync(db, actor, within, AuditCode.GrantActivated, ct)));
        }

        var endings = Only(filter, AuditCode.GrantEnded) is { } ended
            ? await AuditQuery.Each(db, actor, ended).GroupBy(e => e.Reason).Select(g => new { Reason = g.Key, Count = g.Count() }).ToListAsync(ct)
            : [];
        var times = await TimesAsync(db, actor, filter, ct);
        return new AuditCharts(
            step, bars, endings.Where(e => e.Reason == Expired).Sum(e => e.Count), endings.Where(e => e.Reason != Expired).Sum(e => e.Count),
            [.. Times.Select(t => (TimeSpan?)t).Append(null).Select((upTo, at) => new DecisionTime(upTo, times.Count(t => Place(t) == at)))], Questions.WhoApprovedWhom.MedianOf(times));
    }

    /// <summary>The starts of the bars, and the end of the last one.</summary>
    internal static (ChartStep Step, IReadOnlyList<DateTimeOffset> Starts) Bars(AuditFilter filter, TimeZoneInfo zone, DateTimeOffset now)
    {
        var tomorrow = Next(Day(now), ChartStep.Day);
        var until = Next(filter.To is { } to ? Day(to.AddTicks(-1)) : filter.From is { } begin && Day(begin) >= tomorrow ? Day(begin) : Day(now), ChartStep.Day);
        var since = filter.From is { } from ? Day(from) : until.AddDays(-Math.Min(DefaultDays, until.DayNumber));
        foreach (var step in Enum.GetValues<ChartStep>())
        {
            var starts = new List<DateTimeOffset>();
            for (var day = First(since, step); ; day = Next(day, step))
            {
                starts.Add(StartOf(day, zone));
                if (day >= until || starts.Count > MostBars + 1)
                    break;
            }

            if (starts.Count <= MostBars + 1)
                return (step, starts);
        }

        // Years from the beginning of time: those before the last ones hold nothing that a portal could have seen.
        return Bars(filter with { From = StartOf(new DateOnly(Math.Max(until.Year - MostBars + 1, 1), 1, 1), zone) }, zone, now);

        DateOnly Day(DateTimeOffset instant) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, zone).DateTime);
    }

    private static DateOnly First(DateOnly day, ChartStep step) => step switch
    {
        ChartStep.Day => day,
        ChartStep.Week => day.AddDays(-Math.Min(((int)day.DayOfWeek + 6) % 7, day.DayNumber)),
        ChartStep.Month => new DateOnly(day.Year, day.Month, 1),
        ChartStep.Year => new DateOnly(day.Year, 1, 1),
    };

    private static DateOnly Next(DateOnly day, ChartStep step) => step switch
    {
        ChartStep.Day => day.DayNumber < DateOnly.MaxValue.DayNumber ? day.AddDays(1) : day,
        ChartStep.Week => day.DayNumber + 7 <= DateOnly.MaxValue.DayNumber ? day.AddDays(7) : DateOnly.MaxValue,
        ChartStep.Month => day is { Year: 9999, Month: 12 } ? DateOnly.MaxValue : day.AddMonths(1),
        ChartStep.Year => day.Year == 9999 ? DateOnly.MaxValue : day.AddYears(1),
    };

    // Where summer begins at midnight, the day starts at the first time that there is.
    private static DateTimeOffset StartOf(DateOnly day, TimeZoneInfo zone)
    {
        var clock = day.ToDateTime(TimeOnly.MinValue);
        if (zone.IsInvalidTime(clock))
            clock = clock.AddHours(1);
        var ticks = clock.Ticks - (zone.IsAmbiguousTime(clock) ? zone.GetAmbiguousTimeOffsets(clock).Max() : zone.GetUtcOffset(clock)).Ticks;
        return new DateTimeOffset(Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), TimeSpan.Zero);
    }

    private static async Task<List<TimeSpan>> TimesAsync(PortalDb db, Actor actor, AuditFilter filter, CancellationToken ct)
    {
        var times = new List<TimeSpan>();
        foreach (var code in (AuditCode[])[AuditCode.RequestApproved, AuditCode.RequestDenied])
        {
            if (Only(filter, code) is not { } decided)
                continue;
            var before = times.Count;
            // The list beside the charts names what cannot be read.
            await ReadableRows.EachAsync(db, AuditQuery.Each(db, actor, decided), some => some.Select(d => new
            {
                d.At,
                Asked = db.AuditEvents.Where(e => e.RequestId != null && e.RequestId == d.RequestId && e.Code == AuditCode.RequestSubmitted.Value).Select(e => (DateTimeOffset?)e.At).FirstOrDefault(),
            }), decision =>
            {
                if (decision.Asked is { } asked)
                    times.Add(decision.At - asked);
            }, () => times.RemoveRange(before, times.Count - before), ct);
        }

        return times;
    }

    private static Task<int> CountAsync(PortalDb db, Actor actor, AuditFilter filter, AuditCode code, CancellationToken ct) =>
        Only(filter, code) is { } only ? AuditQuery.Some(db, actor, only, int.MaxValue).CountAsync(ct) : Task.FromResult(0);

    /// <summary>The filter for one kind of event.</summary>
    /// <returns>Null when it leaves none of that kind.</returns>
    private static AuditFilter? Only(AuditFilter filter, AuditCode code) =>
        string.IsNullOrEmpty(filter.Code) || filter.Code == code.Value ? filter with { Code = code.Value } : null;

    private static int Place(TimeSpan took)
    {
        var place = Array.FindIndex(Times, upTo => took <= upTo);
        return place < 0 ? Times.Length : place;
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
