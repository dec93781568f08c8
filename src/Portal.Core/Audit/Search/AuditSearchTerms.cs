using System.Text;
using Portal.Core.Data;

namespace Portal.Core.Audit.Search;

/// <summary>What to find in the audit trail by its words.</summary>
public sealed record AuditSearchTerms
{
    /// <summary>What was typed, in parts between white space; each is found word for word, wherever it stands in an event. Whole words count; capitals, accents and punctuation do not.</summary>
    public required IReadOnlyList<string> Phrases { get; init; }

    /// <summary>What else must hold. Its text is not looked at again.</summary>
    public required AuditFilter Filter { get; init; }

    /// <summary>For whom only their own history is shown: their object id; null for an auditor.</summary>
    public Guid? Reader { get; init; }

    /// <summary>Only what comes after this place in the order asked for; null for all.</summary>
    public TrailPlace? Beyond { get; init; }

    /// <summary>The highest sequence number to show; null for all.</summary>
    public long? Last { get; init; }

    /// <summary>The latest first, or the earliest.</summary>
    public bool LatestFirst { get; init; }

    /// <summary>Whether events of reading the trail are left out: they say what was searched for, and every search would find itself. Who filters by that action searches them.</summary>
    public bool LeavesReadsOut => string.IsNullOrEmpty(Filter.Code);

    /// <summary>All of it but the phrases, and the order: for a database that puts indexes together by itself.</summary>
    public IQueryable<AuditEvent> Over(PortalDb db, IQueryable<AuditEvent> events)
    {
        events = Filter.Over(events);
        if (LeavesReadsOut)
            events = events.Where(e => e.Code != AuditCode.AuditRead.Value);
        if (Filter.PersonObjectId is { } person)
            events = events.Where(e => e.ActorObjectId == person || e.SubjectObjectId == person);
        if (Reader is { } reader)
            events = events.Where(e => e.SubjectObjectId == reader || (e.ActorObjectId == reader && !(e.Code == AuditCode.AttemptRefused.Value && e.Reason == RefusalCode.NotFound)));
        if (Last is { } last)
            events = events.Where(e => e.Sequence <= last);
        events = Beyond?.Beyond(db, events, before: LatestFirst) ?? events;
        return LatestFirst ? events.OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence) : events.OrderBy(e => e.At).ThenBy(e => e.Sequence);
    }

    /// <summary>The phrases of a text: what stands between white space and has a letter or a digit in it.</summary>
    /// <returns>None when there is no word in the text.</returns>
    public static IReadOnlyList<string> PhrasesOf(string text) =>
        [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Where(part => part.EnumerateRunes().Any(Rune.IsLetterOrDigit)).Distinct(StringComparer.Ordinal)];
}
