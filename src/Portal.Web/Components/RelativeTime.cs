using Microsoft.Extensions.Localization;
using Portal.Web.Resources;

namespace Portal.Web.Components;

/// <summary>Times in words. The browser goes on with the same words (<c>wwwroot/js/time.js</c>).</summary>
public static class RelativeTime
{
    /// <summary>How far away an instant is: "now", "5 minutes ago", "in 2 hours".</summary>
    public static string Describe(DateTimeOffset instant, DateTimeOffset now, IStringLocalizer<ShellWords> words)
    {
        var distance = instant - now;
        var size = distance.Duration();
        if (size < TimeSpan.FromSeconds(45))
            return words["Time.Now"];
        var (count, unit) = size switch
        {
            _ when size < TimeSpan.FromMinutes(59.5) => (Round(size.TotalMinutes), "Minute"),
            _ when size < TimeSpan.FromHours(23.5) => (Round(size.TotalHours), "Hour"),
            _ when size < TimeSpan.FromDays(29.5) => (Round(size.TotalDays), "Day"),
            _ when size < TimeSpan.FromDays(350) => (Round(size.TotalDays / 30.4375), "Month"),
            _ => (Round(size.TotalDays / 365.25), "Year"),
        };
        return words[$"Time.{(distance < TimeSpan.Zero ? "Past" : "Future")}.{unit}{(count == 1 ? "" : "s")}", count];
    }

    /// <summary>A length of time, its two largest units: "42 min", "1 h 5 min", "2 d 3 h"; seconds only below a minute. Never negative.</summary>
    public static string Length(TimeSpan length, IStringLocalizer<ShellWords> words)
    {
        if (length < TimeSpan.Zero)
            length = TimeSpan.Zero;
        if (length < TimeSpan.FromMinutes(1))
            return words["Time.Seconds", (int)length.TotalSeconds];
        if (length < TimeSpan.FromHours(1))
            return words["Time.Minutes", (int)length.TotalMinutes];
        return length < TimeSpan.FromDays(1)
            ? Two(words, "Time.Hours", (int)length.TotalHours, "Time.Minutes", length.Minutes)
            : Two(words, "Time.Days", (int)length.TotalDays, "Time.Hours", length.Hours);
    }

    private static string Two(IStringLocalizer<ShellWords> words, string large, int largeCount, string small, int smallCount) =>
        smallCount == 0 ? words[large, largeCount] : $"{words[large, largeCount]} {words[small, smallCount]}";

    private static int Round(double value) => Math.Max(1, (int)Math.Round(value, MidpointRounding.AwayFromZero));
}
