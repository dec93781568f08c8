using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Audit.Questions;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Audit.Charts;

/// <summary>What the filters in the address leave, drawn.</summary>
public sealed partial class ChartsPage
{
    private (AuditAddress Address, string Zone)? _loaded;
    private IReadOnlyList<Refusal> _refusals = [];
    private AuditCharts? _charts;

    [Inject] public required IStringLocalizer<ChartWords> Words { get; init; }

    [Inject] public required IStringLocalizer<AuditWords> Audit { get; init; }

    [Inject] public required IStringLocalizer<ShellWords> Shell { get; init; }

    [Inject] public required ChartAuditEvents Counting { get; init; }

    [Inject] public required TimeProvider Clock { get; init; }

    /// <summary>Words to find.</summary>
    [SupplyParameterFromQuery] public string? Text { get; set; }

    /// <summary>From when on.</summary>
    [SupplyParameterFromQuery] public string? From { get; set; }

    /// <summary>Until when.</summary>
    [SupplyParameterFromQuery] public string? To { get; set; }

    /// <summary>A person's object id.</summary>
    [SupplyParameterFromQuery] public string? Person { get; set; }

    /// <summary>A vault.</summary>
    [SupplyParameterFromQuery] public string? Vault { get; set; }

    /// <summary>A secret.</summary>
    [SupplyParameterFromQuery] public string? Secret { get; set; }

    /// <summary>An action.</summary>
    [SupplyParameterFromQuery] public string? Code { get; set; }

    /// <summary>A request's reference.</summary>
    [SupplyParameterFromQuery] public string? Request { get; set; }

    private AuditAddress Address => new() { Text = Text, From = From, To = To, Person = Person, Vault = Vault, Secret = Secret, Code = Code, Request = Request };

    private string FilterText => string.Join(" · ", ((string?[])[Text, Person, Vault, Secret, Code, Request]).Where(part => !string.IsNullOrEmpty(part)));

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        // A day is a day of the reader's: drawn once it is known where they are.
        if (InZone is null)
            return;
        var asked = (Address, InZone.Id);
        if (asked == _loaded)
            return;
        _loaded = asked;
        (_charts, _refusals) = (null, []);
        var read = asked.Address.Read();
        if (!read.Succeeded)
        {
            _refusals = read.Refusals;
            return;
        }

        var result = await Counting.ExecuteAsync(new ChartQuery(read.Value, InZone), await Current.GetAsync(Left), Left);
        // The reader may have gone on to other filters meanwhile.
        if (asked != _loaded)
            return;
        _refusals = result.Refusals;
        if (result.Succeeded)
            _charts = result.Value;
    }

    /// <inheritdoc />
    protected override Task ZoneKnownAsync() => OnParametersSetAsync();

    private IEnumerable<(string Text, AuditAddress Address)> Presets()
    {
        var today = TimeZoneInfo.ConvertTime(Clock.GetUtcNow(), InZone ?? TimeZoneInfo.Utc).Date;
        yield return (Audit["Filter.Days30"], Address with { From = null, To = null });
        foreach (var (name, days) in ((string, int)[])[("Filter.Days7", 6), ("Filter.Days90", 89), ("Filter.Days365", 364)])
            yield return (Audit[name], Address with { From = Start(today.AddDays(-days)), To = null });
    }

    private string Start(DateTime day) => AuditAddress.Write(ReaderZone.StartOf(day, InZone ?? TimeZoneInfo.Utc));

    private List<BarChart.Bar> Of(AuditCharts charts, Func<ChartBar, int> value) => [.. charts.Bars.Select(bar => new BarChart.Bar(
        NameOf(bar, charts.Step), value(bar), (Address with { From = AuditAddress.Write(bar.From), To = AuditAddress.Write(bar.To) }).Page))];

    private string Peak(AuditCharts charts, Func<ChartBar, int> value)
    {
        var peak = charts.Bars.MaxBy(value)!;
        return Words["Peak", NameOf(peak, charts.Step), value(peak)];
    }

    private static string One(string words, int count) => count == 1 ? words + ".One" : words;

    private string NameOf(ChartBar bar, ChartStep step)
    {
        var day = TimeZoneInfo.ConvertTime(bar.From, InZone!);
        return step switch
        {
            ChartStep.Day or ChartStep.Week => day.ToString("d MMM yyyy", CultureInfo.CurrentCulture),
            ChartStep.Month => day.ToString("MMM yyyy", CultureInfo.CurrentCulture),
            ChartStep.Year => day.ToString("yyyy", CultureInfo.CurrentCulture),
        };
    }

    private List<BarChart.Bar> Endings(AuditCharts charts) => [new(Words["OnTime"], charts.OnTime), new(Words["Early"], charts.Early)];

    private List<BarChart.Bar> Times(AuditCharts charts) => [.. charts.Times.Select((time, at) => new BarChart.Bar(
        time.UpTo is { } upTo ? Words["UpTo", RelativeTime.Length(upTo, Shell)] : Words["Over", RelativeTime.Length(charts.Times[at - 1].UpTo!.Value, Shell)], time.Decisions))];
}
