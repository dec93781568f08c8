using Microsoft.Extensions.Localization;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Audit;

/// <summary>In which zone the days and times of a filter are meant.</summary>
internal static class ZoneText
{
    /// <summary>Says it. A zone that this server does not know is named: who reads UTC for their own time looks at other hours than they mean.</summary>
    /// <param name="reader">The reader's zone.</param>
    /// <param name="zone">As far as the page knows it; null before that, when times are UTC.</param>
    /// <param name="words">The words.</param>
    public static string Of(ReaderZone reader, TimeZoneInfo? zone, IStringLocalizer<AuditWords> words) =>
        reader.Unknown is { } unknown ? words["Filter.Zone.Unknown", unknown] : words["Filter.Zone", (zone ?? TimeZoneInfo.Utc).Id];
}
