using Microsoft.Extensions.Localization;
using Portal.Core.Audit;
using Portal.Core.Identity;
using Portal.Web.Components;
using Portal.Web.Resources;

namespace Portal.Web.Audit;

/// <summary>Part of a sentence.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsName">Whether it comes from people or the cloud and stands by itself (its own reading direction), or is ours.</param>
public readonly record struct SentencePart(string Text, bool IsName);

/// <summary>Audit events in plain words.</summary>
public static class EventWords
{
    /// <summary>What an event says, as one sentence in parts.</summary>
    public static IReadOnlyList<SentencePart> SentenceOf(AuditEvent happened, IStringLocalizer<AuditWords> words)
    {
        var sentence = SentenceFor(happened, words);
        var parts = new List<SentencePart>();
        var start = 0;
        for (var at = sentence.IndexOf('{', StringComparison.Ordinal); at >= 0; at = sentence.IndexOf('{', start))
        {
            if (at > start)
                parts.Add(new SentencePart(sentence[start..at], false));
            parts.Add(new SentencePart(
                sentence[at + 1] switch
                {
                    '0' => WhoDid(happened, words),
                    '1' => happened.SubjectName ?? words["Who.Unknown"].Value,
                    _ => About(happened, words) ?? words["What.Unknown"].Value,
                },
                true));
            start = at + 3;
        }

        if (start < sentence.Length)
            parts.Add(new SentencePart(sentence[start..], false));
        return parts;
    }

    /// <summary>The same as plain text.</summary>
    public static string TextOf(AuditEvent happened, IStringLocalizer<AuditWords> words) => string.Concat(SentenceOf(happened, words).Select(part => part.Text));

    /// <summary>Who did it, by the name they had then.</summary>
    public static string WhoDid(AuditEvent happened, IStringLocalizer<AuditWords> words) =>
        happened.ActorKind == ActorKind.System ? words["Who.System"].Value : happened.ActorName.Length > 0 ? happened.ActorName : words["Who.Unknown"].Value;

    /// <summary>What it is about: a secret, a vault or a policy.</summary>
    /// <returns>Null when it is about none.</returns>
    public static string? About(AuditEvent happened, IStringLocalizer<AuditWords> words) => happened switch
    {
        { SecretName: { } secret, VaultName: { } vault } => words["What.Secret", secret, vault].Value,
        { VaultName: { } vault } => words["What.Vault", vault].Value,
        { RequestId: null, PolicyName: { } policy } => words["What.Policy", policy, happened.PolicyVersion ?? 0].Value,
        _ => null,
    };

    /// <summary>What an action is called in filters.</summary>
    public static string ActionOf(string code, IStringLocalizer<AuditWords> words) => words["Action." + code];

    /// <summary>How an event feels.</summary>
    public static PillTone ToneOf(AuditEvent happened) => happened.Outcome switch
    {
        AuditOutcome.Refused => PillTone.Bad,
        AuditOutcome.Failed => PillTone.Attention,
        AuditOutcome.Success when happened.Code == AuditCode.RequestDenied.Value => PillTone.Bad,
        AuditOutcome.Success when Notable.Contains(happened.Code) => PillTone.Attention,
        AuditOutcome.Success when Good.Contains(happened.Code) => PillTone.Good,
        AuditOutcome.Success when Over.Contains(happened.Code) => PillTone.Ended,
        _ => PillTone.Neutral,
    };

    /// <summary>The icon of an event: a symbol of the icon file.</summary>
    public static string IconOf(AuditEvent happened)
    {
        if (happened.Outcome == AuditOutcome.Refused)
            return "stop";
        return Icons.TryGetValue(happened.Code, out var icon) ? icon : "info";
    }

    private static readonly HashSet<string> Good = [AuditCode.RequestApproved.Value, AuditCode.GrantActivated.Value, AuditCode.GrantEffective.Value];

    private static readonly HashSet<string> Notable =
        [AuditCode.GrantRevoked.Value, AuditCode.StandingAccessFound.Value, AuditCode.DriftFound.Value, AuditCode.GrantPaused.Value, AuditCode.AccessPaused.Value, AuditCode.AccessTakenBack.Value];

    private static readonly HashSet<string> Over =
        [AuditCode.RequestWithdrawn.Value, AuditCode.RequestLapsed.Value, AuditCode.GrantReturned.Value, AuditCode.GrantEnded.Value, AuditCode.PolicyRetired.Value, AuditCode.SignedOut.Value];

    private static readonly Dictionary<string, string> Icons = new()
    {
        [AuditCode.SignedIn.Value] = "account",
        [AuditCode.SignedOut.Value] = "signout",
        [AuditCode.RequestSubmitted.Value] = "request",
        [AuditCode.RequestWithdrawn.Value] = "close",
        [AuditCode.RequestLapsed.Value] = "clock",
        [AuditCode.RequestApproved.Value] = "check",
        [AuditCode.RequestDenied.Value] = "deny",
        [AuditCode.GrantScheduled.Value] = "scheduled",
        [AuditCode.GrantProvisioning.Value] = "running",
        [AuditCode.GrantActivated.Value] = "grant",
        [AuditCode.GrantEffective.Value] = "test",
        [AuditCode.GrantReturned.Value] = "revoke",
        [AuditCode.GrantRevoked.Value] = "revoke",
        [AuditCode.GrantRevoking.Value] = "running",
        [AuditCode.GrantEnded.Value] = "ended",
        [AuditCode.GrantNeedsAttention.Value] = "warning",
        [AuditCode.StandingAccessFound.Value] = "people",
        [AuditCode.StandingAccessGone.Value] = "people",
        [AuditCode.GrantRestored.Value] = "running",
        [AuditCode.GrantSwept.Value] = "revoke",
        [AuditCode.RemovedInOutage.Value] = "revoke",
        [AuditCode.DriftFound.Value] = "warning",
        [AuditCode.DriftResolved.Value] = "check",
        [AuditCode.AssignmentSwept.Value] = "revoke",
        [AuditCode.RetryAsked.Value] = "refresh",
        [AuditCode.GrantPaused.Value] = "pause",
        [AuditCode.AccessPaused.Value] = "pause",
        [AuditCode.AccessTakenBack.Value] = "revoke",
        [AuditCode.AccessResumed.Value] = "play",
        [AuditCode.PolicyLoaded.Value] = "policy",
        [AuditCode.PolicyRetired.Value] = "policy",
        [AuditCode.AuditRead.Value] = "audit",
        [AuditCode.AuditExported.Value] = "download",
        [AuditCode.ExportCompleted.Value] = "download",
        [AuditCode.HoldPlaced.Value] = "pause",
        [AuditCode.HoldLifted.Value] = "play",
        [AuditCode.EventsPruned.Value] = "ended",
        [AuditCode.StreamOpened.Value] = "play",
        [AuditCode.StreamPaused.Value] = "pause",
        [AuditCode.StreamReplayed.Value] = "refresh",
        [AuditCode.SigningKeyRotated.Value] = "policy",
        [AuditCode.StoreAccepted.Value] = "warning",
    };

    // How a grant ended and what was attempted have sentences of their own where there is one.
    private static string SentenceFor(AuditEvent happened, IStringLocalizer<AuditWords> words)
    {
        var kind = happened.Outcome == AuditOutcome.Refused ? happened.Comment : happened.Reason;
        if (!string.IsNullOrEmpty(kind) && words[$"Event.{happened.Code}.{kind}"] is { ResourceNotFound: false } exact)
            return exact.Value;
        return words["Event." + happened.Code].Value;
    }
}
