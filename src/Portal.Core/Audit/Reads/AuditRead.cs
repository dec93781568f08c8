using Portal.Core.Audit.Exports;

namespace Portal.Core.Audit.Reads;

/// <summary>How the trail was read. The names are the reason of the event, and never change.</summary>
public enum AuditReadKind
{
    /// <summary>As a list or a timeline; its pages and its count are one read.</summary>
    List,

    /// <summary>As charts.</summary>
    Charts,

    /// <summary>One event of somebody else, with its proof.</summary>
    Proof,

    /// <summary>Who had access to this?</summary>
    WhoHadAccess,

    /// <summary>What did this person hold?</summary>
    WhatWasHeld,

    /// <summary>Who approved whom?</summary>
    WhoApprovedWhom,

    /// <summary>What was granted and never used?</summary>
    WhatWasNeverUsed,

    /// <summary>What went around the rules?</summary>
    WhatWentAroundTheRules,

    /// <summary>What did administrators change?</summary>
    WhatAdministratorsChanged,
}

/// <summary>What somebody reads of the trail.</summary>
/// <param name="Kind">How.</param>
/// <param name="Filter">Which part of it.</param>
public sealed record AuditRead(AuditReadKind Kind, AuditFilter Filter)
{
    // A period that ends at the moment of asking moves with the clock; a page asks by its host's clock and not by the database's.
    private static readonly TimeSpan JustNow = TimeSpan.FromMinutes(1);

    /// <summary>The one event that is read; null for a part of the trail.</summary>
    public Guid? EventId { get; init; }

    /// <summary>The kind, the period, and every other condition in words: in fields of its own a vault's read would be what is found under that vault, and whoever is looked at would read of it in their own history.</summary>
    internal AuditDetail Detail => new(Kind.ToString(), Conditions(), WindowStart: Filter.From, WindowEnd: Filter.To);

    /// <summary>Whether a period is the same as one that was asked for earlier: the very same, or one of the same length of which both ended when they were asked for ("the last 30 days").</summary>
    internal static bool IsSamePeriod((DateTimeOffset? From, DateTimeOffset? To, DateTimeOffset At) earlier, (DateTimeOffset? From, DateTimeOffset? To, DateTimeOffset At) later) =>
        (earlier.From, earlier.To) == (later.From, later.To)
        || (EndsNow(earlier.To, earlier.At) && EndsNow(later.To, later.At) && earlier.To - earlier.From == later.To - later.From);

    private static bool EndsNow(DateTimeOffset? end, DateTimeOffset at) => end is { } known && (at - known).Duration() <= JustNow;

    private string? Conditions()
    {
        if (EventId is { } one)
            return $"event {one:D}";
        var rest = FilterWords.Of(Filter with { From = null, To = null });
        return rest.Count == 0 ? null : string.Join(", ", rest.Select(condition => $"{condition.Name} {Said(condition.Value)}"));
    }

    // In quotes where it could be taken for the end of one condition and the beginning of the next: two reads that are not the same would be recorded as one.
    private static string Said(string value) => value.AsSpan().ContainsAny(',', '"') ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
}
