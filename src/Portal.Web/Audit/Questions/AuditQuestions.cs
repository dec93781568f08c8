using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Web.Layout;

namespace Portal.Web.Audit.Questions;

/// <summary>The questions by their names in addresses.</summary>
public static class AuditQuestions
{
    /// <summary>Who had access to this?</summary>
    public const string Access = "access";

    /// <summary>What did this person hold?</summary>
    public const string Held = "held";

    /// <summary>Who approved whom?</summary>
    public const string Approvals = "approvals";

    /// <summary>What was granted and never used?</summary>
    public const string Unused = "unused";

    /// <summary>What went around the rules?</summary>
    public const string Around = "around";

    /// <summary>What did administrators change?</summary>
    public const string Changes = "changes";

    /// <summary>How far back a question goes that does not say.</summary>
    public const int DefaultDays = 30;

    /// <summary>All of them, in the order in which they are offered.</summary>
    public static IReadOnlyList<string> All { get; } = [Access, Held, Approvals, Unused, Around, Changes];

    /// <summary>Whether what can be answered has a limit that has to be said.</summary>
    public static bool HasLimit(string question) => question is Access or Held or Unused or Around;

    /// <summary>Whether a question is about a vault or a secret.</summary>
    public static bool AsksForVault(string question) => question == Access;

    /// <summary>Whether a question is about a person, or can be.</summary>
    public static bool AsksForPerson(string question) => question is Held or Approvals;

    /// <summary>Where a question is asked.</summary>
    public static string Url(string question, AuditAddress? about = null) => PortalUrls.With(
        $"{PortalUrls.AuditQuestions}/{question}",
        ("from", about?.From), ("to", about?.To), ("person", AsksForPerson(question) ? about?.Person : null), ("vault", AsksForVault(question) ? about?.Vault : null), ("secret", AsksForVault(question) ? about?.Secret : null));

    /// <summary>The period that is meant: what is not said is the last month, up to now.</summary>
    public static AuditPeriod PeriodOf(AuditFilter filter, DateTimeOffset now)
    {
        var to = filter.To ?? (filter.From is { } from && from >= now ? from.AddDays(1) : now);
        return new AuditPeriod(filter.From ?? to.AddDays(-Math.Min(DefaultDays, (to - DateTimeOffset.MinValue).Days)), to);
    }

    /// <summary>What has to be said before there is an answer: <c>vault</c> or <c>person</c>.</summary>
    /// <returns>Null when nothing is missing.</returns>
    public static string? Missing(string question, AuditFilter filter) => question switch
    {
        Access when string.IsNullOrWhiteSpace(filter.VaultName) => "vault",
        Held when filter.PersonObjectId is null => "person",
        _ => null,
    };
}
