using System.Text;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports;

/// <summary>An event that evidence names one by one.</summary>
/// <param name="At">When, as the file has it.</param>
/// <param name="Code">What happened.</param>
/// <param name="Who">Who caused it.</param>
/// <param name="About">Whose access it is about, or which policy; empty when it does not say.</param>
/// <param name="What">Secret, vault or request; empty when it does not say.</param>
/// <param name="Detail">Its reason or comment; cut.</param>
public sealed record EvidenceEvent(string At, string Code, string Who, string About, string What, string Detail);

/// <summary>Adds up the events of evidence while they are written: how many of each kind, and one by one what an auditor wants to see first.</summary>
public sealed class EvidenceTally
{
    /// <summary>How many events are named one by one in each list.</summary>
    public const int Most = 200;

    private const int LongestDetail = 200;

    private static readonly HashSet<string> Exceptional = new(StringComparer.Ordinal)
    {
        AuditCode.AttemptRefused.Value, AuditCode.GrantNeedsAttention.Value, AuditCode.StandingAccessFound.Value, AuditCode.DriftFound.Value, AuditCode.GrantSwept.Value,
        AuditCode.RemovedInOutage.Value, AuditCode.AssignmentSwept.Value, AuditCode.AccessPaused.Value, AuditCode.AccessTakenBack.Value, AuditCode.GrantRevoked.Value,
    };

    private static readonly HashSet<string> OfPolicies = new(StringComparer.Ordinal) { AuditCode.PolicyLoaded.Value, AuditCode.PolicyRetired.Value };

    private readonly SortedDictionary<string, Dictionary<string, long>> _counts = new(StringComparer.Ordinal);
    private readonly List<EvidenceEvent> _exceptions = [];
    private readonly List<EvidenceEvent> _policies = [];

    /// <summary>How many events of each code, by outcome.</summary>
    public IReadOnlyDictionary<string, Dictionary<string, long>> Counts => _counts;

    /// <summary>What was refused, failed, drifted or was ended by hand: the first <see cref="Most"/>.</summary>
    public IReadOnlyList<EvidenceEvent> Exceptions => _exceptions;

    /// <summary>How many there are.</summary>
    public long ExceptionCount { get; private set; }

    /// <summary>Policies that took effect or were retired: the first <see cref="Most"/>.</summary>
    public IReadOnlyList<EvidenceEvent> Policies => _policies;

    /// <summary>How many there are.</summary>
    public long PolicyCount { get; private set; }

    /// <summary>Adds a row.</summary>
    internal void Add(AuditRows rows, int row)
    {
        var code = Text(EventField.Code);
        var outcome = Text(EventField.Outcome);
        if (!_counts.TryGetValue(code, out var outcomes))
            _counts[code] = outcomes = new(StringComparer.Ordinal);
        outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        if (OfPolicies.Contains(code))
        {
            if (PolicyCount++ < Most)
                _policies.Add(new EvidenceEvent(Text(EventField.At), code, Text(EventField.ActorName), Text(EventField.Policy), Text(EventField.PolicyVersion), ""));
        }
        else if (outcome != nameof(AuditOutcome.Success) || Exceptional.Contains(code))
        {
            if (ExceptionCount++ < Most)
                _exceptions.Add(new EvidenceEvent(Text(EventField.At), code, Text(EventField.ActorName), Text(EventField.SubjectName), What(), Cut($"{Text(EventField.Reason)} {Text(EventField.Comment)}".Trim())));
        }

        string Text(EventField field) => Encoding.UTF8.GetString(rows[row, (int)field]);

        string What() => string.Join(' ', new[] { Text(EventField.RequestReference), Text(EventField.Vault), Text(EventField.Secret) }.Where(t => t.Length > 0));
    }

    private static string Cut(string text) => text.Length <= LongestDetail ? text : text[..(char.IsHighSurrogate(text[LongestDetail - 1]) ? LongestDetail - 1 : LongestDetail)] + "\u2026";
}
