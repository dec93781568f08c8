using System.Globalization;
using Portal.Core.Requests;
using Portal.Web.Layout;

namespace Portal.Web.Requests;

/// <summary>A unit in which a length of time is typed.</summary>
public enum LengthUnit
{
    /// <summary>Minutes.</summary>
    Minutes,

    /// <summary>Hours.</summary>
    Hours,

    /// <summary>Days.</summary>
    Days,
}

/// <summary>What stands in the request form, as it was typed. Survives a paused tab; nothing in it is ever corrected behind the reader's back.</summary>
public sealed class RequestInput
{
    /// <summary>By which the portal knows what is sent twice.</summary>
    public Guid SubmissionKey { get; set; } = Guid.NewGuid();

    /// <summary>What was last sent by <see cref="SubmissionKey"/>, whatever became of it; null before.</summary>
    public RequestDraft? Sent { get; set; }

    /// <summary>The chosen role's definition GUID.</summary>
    public Guid RoleId { get; set; }

    /// <summary>The chosen length in minutes; null when it is typed.</summary>
    public int? Minutes { get; set; } = 60;

    /// <summary>The length as typed.</summary>
    public string Amount { get; set; } = "";

    /// <summary>The unit of <see cref="Amount"/>.</summary>
    public LengthUnit Unit { get; set; } = LengthUnit.Hours;

    /// <summary>Whether access starts at a set time rather than when it is approved.</summary>
    public bool Later { get; set; }

    /// <summary>When the access ends that more time is asked for: the form starts there. Null when it is not about more time.</summary>
    public DateTimeOffset? FollowsOn { get; set; }

    /// <summary>The start as the browser's field gives it (<c>yyyy-MM-ddTHH:mm</c>), in the reader's zone.</summary>
    public string StartText { get; set; } = "";

    /// <summary>Why.</summary>
    public string Justification { get; set; } = "";

    /// <summary>The ticket number.</summary>
    public string Ticket { get; set; } = "";

    /// <summary>What to send: the same as before is the same request, so that sending twice is sending once; anything else is another, also where nobody knows whether what was sent before is saved.</summary>
    public RequestSubmission ToSend(RequestDraft draft)
    {
        if (Sent is not null && Sent != draft)
            SubmissionKey = Guid.NewGuid();
        Sent = draft;
        return new RequestSubmission(SubmissionKey, draft);
    }

    /// <summary>How long. Zero for nothing typed; what no span can hold is the longest span there is.</summary>
    /// <returns>Null when what was typed is no number.</returns>
    public TimeSpan? Length()
    {
        if (Minutes is { } chosen)
            return TimeSpan.FromMinutes(chosen);
        if (string.IsNullOrWhiteSpace(Amount))
            return TimeSpan.Zero;
        // No thousands separators: "1,5" would be read as fifteen.
        if (!double.TryParse(Amount, NumberStyles.Float, CultureInfo.CurrentCulture, out var amount)
            && !double.TryParse(Amount, NumberStyles.Float, CultureInfo.InvariantCulture, out amount))
            return null;
        if (double.IsNaN(amount))
            return null;
        var minutes = amount * Unit switch { LengthUnit.Minutes => 1, LengthUnit.Hours => 60, LengthUnit.Days => 1440 };
        return minutes >= TimeSpan.MaxValue.TotalMinutes ? TimeSpan.MaxValue
            : minutes <= TimeSpan.MinValue.TotalMinutes ? TimeSpan.MinValue
            : TimeSpan.FromMinutes(minutes);
    }

    /// <summary>The start.</summary>
    /// <returns>Null for as soon as approved, for nothing typed, and for what is no time; <see cref="Problems"/> says which.</returns>
    public NamedTime? Start(TimeZoneInfo zone) => !Later ? null
        // The end that more time follows on is known: of an hour that the clock shows twice it is the one that is meant.
        : FollowsOn is { } end && StartText == TextOf(end, zone) ? new NamedTime(end.AddTicks(-(end.Ticks % TimeSpan.TicksPerMinute)), false)
        : DateTime.TryParse(StartText, CultureInfo.InvariantCulture, out var time) ? ReaderZone.InstantOf(time, zone)
        : null;

    /// <summary>An instant as <see cref="StartText"/> has it: cut to the minute, as the browser's field is.</summary>
    public static string TextOf(DateTimeOffset instant, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTime(instant, zone).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);

    /// <summary>What keeps the input from being understood at all, by field: <c>duration</c> or <c>start</c>, and the word for it.</summary>
    public IEnumerable<(string Field, string Word)> Problems(TimeZoneInfo zone)
    {
        if (Length() is null)
            yield return ("duration", "Duration.NotANumber");
        if (!Later)
            yield break;
        if (Start(zone) is not { } start)
            yield return ("start", "Start.Missing");
        else if (start.Instant is null)
            yield return ("start", "Start.Skipped");
    }

    /// <summary>The ask, for the use cases. What could not be understood is left out of it.</summary>
    public RequestDraft ToDraft(string scope, TimeZoneInfo zone) => new(scope, RoleId, Start(zone)?.Instant, Length() ?? TimeSpan.Zero, Justification, Ticket);
}
