using System.Globalization;
using Microsoft.Extensions.Localization;
using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Web.Components;
using Portal.Web.Resources;

namespace Portal.Web.Audit.Questions;

/// <summary>Answers in one sentence.</summary>
/// <param name="words">The words.</param>
/// <param name="shell">The words for lengths of time.</param>
/// <param name="zone">The reader's zone.</param>
public sealed class AnswerSentences(IStringLocalizer<QuestionWords> words, IStringLocalizer<ShellWords> shell, TimeZoneInfo zone)
{
    /// <summary>What an answer says.</summary>
    public string Of(object answer, string question, AuditAddress asked, AuditPeriod period, string? person) => answer switch
    {
        AccessAnswer access when question == AuditQuestions.Held => Held(access, person ?? access.Spans.FirstOrDefault()?.PersonName ?? asked.Person ?? "", period),
        AccessAnswer access => Access(access, asked, period),
        ApprovalAnswer approvals => Approvals(approvals, period),
        UnusedAnswer unused => unused.Given == 0 ? words["Say.Unused.None", During(period)] : words[unused is { Given: 1, Unused: 1 } ? "Say.Unused.One" : unused.Unused == 0 ? "Say.Unused.All" : "Say.Unused", Number(unused.Unused), Number(unused.Given), During(period)],
        AroundAnswer around => words["Say.Around", Of(around.SecondTryCount, "Second"), Of(around.AutomaticCount, "Automatic"), Of(around.AttemptCount, "Attempt"), During(period)],
        ChangeAnswer { Counts.Count: 0 } => words["Say.Changes.None", During(period)],
        ChangeAnswer changes => words["Say.Changes", Text(new CappedCount(changes.Counts.Sum(c => c.Count.Events), changes.Counts.Any(c => c.Count.AndMore))), During(period)],
        _ => throw new ArgumentOutOfRangeException(nameof(answer)),
    };

    private string Access(AccessAnswer access, AuditAddress asked, AuditPeriod period)
    {
        var what = string.IsNullOrEmpty(asked.Secret) ? words["Say.Vault", asked.Vault!].Value : words["Say.Secret", asked.Secret, asked.Vault!].Value;
        var given = access.Spans.Count == 0 ? words["Say.Access.None", what, During(period)].Value
            : (access.People == 1 ? words["Say.Access.One", access.Spans[0].PersonName ?? words["Unknown"].Value, what, During(period), Grants(access)] : words["Say.Access", Number(access.People), what, During(period), Grants(access)]).Value;
        return Join(given, access);
    }

    private string Held(AccessAnswer access, string person, AuditPeriod period)
    {
        var things = access.Spans.Select(s => (s.VaultName, s.SecretName)).Distinct().Count();
        return Join(things == 0 ? words["Say.Held.None", person, During(period)] : words[things == 1 ? "Say.Held.One" : "Say.Held", person, Number(things), During(period), Grants(access)], access);
    }

    private string Join(string given, AccessAnswer access)
    {
        var standing = access.Standing.Select(s => (s.PersonObjectId, s.VaultName, s.SecretName)).Distinct().Count();
        return standing == 0 ? given : $"{given} {words[standing == 1 ? "Say.Standing.One" : "Say.Standing", Number(standing)]}";
    }

    private string Grants(AccessAnswer access) =>
        access.AndMore ? words["Say.Grants.More", Number(access.Spans.Count)] : words[access.Spans.Count == 1 ? "Say.Grants.One" : "Say.Grants", Number(access.Spans.Count)];

    private string Approvals(ApprovalAnswer approvals, AuditPeriod period) => approvals.PairCount == 0
        ? words["Say.Approvals.None", During(period)]
        : words["Say.Approvals", words[approvals.Approved == 1 ? "Say.Approved.One" : "Say.Approved", Number(approvals.Approved)].Value, Number(approvals.Denied), approvals.Median is { } median ? RelativeTime.Length(median, shell) : "–", During(period)];

    private string Of(CappedCount count, string kind) => words[count is { Events: 1, AndMore: false } ? $"Say.{kind}.One" : $"Say.{kind}", Text(count)];

    private string During(AuditPeriod period) => words["Say.During", Show(period.From), Show(period.To), zone.Id];

    private string Show(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, zone).ToString("d MMM yyyy, HH:mm", CultureInfo.CurrentCulture);

    private static string Number(int count) => count.ToString("N0", CultureInfo.CurrentCulture);

    private static string Text(CappedCount count) => count.AndMore ? Number(count.Events) + "+" : Number(count.Events);
}
