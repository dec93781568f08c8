using Portal.Core.Audit.Search;

namespace Portal.Core.Audit;

/// <summary>What part of the audit trail to look at. Everything that is given must hold.</summary>
public sealed record AuditFilter
{
    /// <summary>The longest text to filter by, in UTF-16 units.</summary>
    public const int MaxTextLength = 200;

    /// <summary>From this instant on; null for the beginning.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this instant; null for no end.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Only events that this person caused or that are about their access; null for everyone.</summary>
    public Guid? PersonObjectId { get; init; }

    /// <summary>Only this vault, by its exact name; null for all.</summary>
    public string? VaultName { get; init; }

    /// <summary>Only this secret, by its exact name; null for all.</summary>
    public string? SecretName { get; init; }

    /// <summary>Only this action, by its code; null for all.</summary>
    public string? Code { get; init; }

    /// <summary>Only this request, by its reference; null for all.</summary>
    public string? RequestReference { get; init; }

    /// <summary>Only events that hold all of these words somewhere: names, texts, codes and ids, but not where a client sat, and not events of reading the trail unless the action is theirs; null for all. Whole words; capitals and accents do not count, and no character has a meaning of its own.</summary>
    public string? Text { get; init; }

    /// <summary>What is wrong with it.</summary>
    /// <returns>Null when it can be used.</returns>
    public Refusal? Fault()
    {
        if (From is { } from && To is { } to && to <= from)
            return new Refusal(RefusalCode.RangeInverted, "to");
        if (!string.IsNullOrEmpty(Code) && AuditCode.All.All(c => c.Value != Code))
            return new Refusal(RefusalCode.FilterUnreadable, "code", Code);
        if (!string.IsNullOrEmpty(Text) && (PersonText.CheckOptional(Text, "text", MaxTextLength) is not null || AuditSearchTerms.PhrasesOf(Text).Count == 0))
            return new Refusal(RefusalCode.FilterUnreadable, "text", Text);
        return Unreadable(VaultName, "vault") ?? Unreadable(SecretName, "secret") ?? Unreadable(RequestReference, "request");
    }

    /// <summary>Narrows events to those that it leaves; its person and its text are not looked at.</summary>
    internal IQueryable<AuditEvent> Over(IQueryable<AuditEvent> events)
    {
        if (From is { } from)
            events = events.Where(e => e.At >= from);
        if (To is { } to)
            events = events.Where(e => e.At < to);
        if (!string.IsNullOrEmpty(VaultName))
            events = events.Where(e => e.VaultName == VaultName);
        if (!string.IsNullOrEmpty(SecretName))
            events = events.Where(e => e.SecretName == SecretName);
        if (!string.IsNullOrEmpty(Code))
            events = events.Where(e => e.Code == Code);
        if (!string.IsNullOrEmpty(RequestReference))
            events = events.Where(e => e.RequestReference == RequestReference);
        return events;
    }

    // A name is short and has no control characters; PostgreSQL would answer a NUL with a fault.
    private static Refusal? Unreadable(string? text, string field) =>
        PersonText.CheckOptional(text, field, MaxTextLength) is null ? null : new Refusal(RefusalCode.FilterUnreadable, field, text!);
}
