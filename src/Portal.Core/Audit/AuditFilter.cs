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

    /// <summary>What is wrong with it.</summary>
    /// <returns>Null when it can be used.</returns>
    public Refusal? Fault()
    {
        if (From is { } from && To is { } to && to <= from)
            return new Refusal(RefusalCode.RangeInverted, "to");
        if (!string.IsNullOrEmpty(Code) && AuditCode.All.All(c => c.Value != Code))
            return new Refusal(RefusalCode.FilterUnreadable, "code", Code);
        return Unreadable(VaultName, "vault") ?? Unreadable(SecretName, "secret") ?? Unreadable(RequestReference, "request");
    }

    // A name is short and has no control characters; PostgreSQL would answer a NUL with a fault.
    private static Refusal? Unreadable(string? text, string field) =>
        PersonText.CheckOptional(text, field, MaxTextLength) is null ? null : new Refusal(RefusalCode.FilterUnreadable, field, text!);
}
