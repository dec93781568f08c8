namespace Portal.Core.Audit.Questions;

/// <summary>An answer from the trail.</summary>
public abstract record AuditAnswer
{
    /// <summary>The numbers of events that belong to the answer and cannot be read, since somebody changed the database by other means; empty but for that.</summary>
    public IReadOnlyList<long> Unreadable { get; init; } = [];
}
