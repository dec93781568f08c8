using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Core.Audit.Retention;
using Portal.Core.Identity;
using Portal.Web.Resources;

namespace Portal.Web.Audit.Questions;

/// <summary>The questions that auditors ask, each with an address of its own: what is asked stands in it, and the answer on top.</summary>
public sealed partial class QuestionsPage
{
    private (string? Question, AuditAddress Address)? _loaded;
    private IReadOnlyList<Refusal> _refusals = [];
    private AuditPeriod? _period;
    private string? _personName;
    private string? _needs;
    private object? _answer;
    private DateTimeOffset? _prunedThrough;

    [Inject] public required IStringLocalizer<QuestionWords> Words { get; init; }

    [Inject] public required IStringLocalizer<ShellWords> Shell { get; init; }

    [Inject] public required WhoHadAccess HadAccess { get; init; }

    [Inject] public required WhatWasHeld WasHeld { get; init; }

    [Inject] public required WhoApprovedWhom Approvals { get; init; }

    [Inject] public required WhatWasNeverUsed NeverUsed { get; init; }

    [Inject] public required WhatWentAroundTheRules AroundTheRules { get; init; }

    [Inject] public required WhatAdministratorsChanged Changes { get; init; }

    [Inject] public required ListHolds Retention { get; init; }

    /// <summary>Now.</summary>
    [Inject] public required TimeProvider Clock { get; init; }

    /// <summary>Which question; null for a choice of all.</summary>
    [Parameter] public string? Question { get; set; }

    /// <summary>From when on.</summary>
    [SupplyParameterFromQuery] public string? From { get; set; }

    /// <summary>Until when.</summary>
    [SupplyParameterFromQuery] public string? To { get; set; }

    /// <summary>A person's object id.</summary>
    [SupplyParameterFromQuery] public string? Person { get; set; }

    /// <summary>A vault.</summary>
    [SupplyParameterFromQuery] public string? Vault { get; set; }

    /// <summary>A secret.</summary>
    [SupplyParameterFromQuery] public string? Secret { get; set; }

    private bool Known => AuditQuestions.All.Contains(Question);

    private AuditAddress Address => new() { From = From, To = To, Person = Person, Vault = Vault, Secret = Secret };

    private string Sentence => new AnswerSentences(Words, Shell, InZone ?? TimeZoneInfo.Utc).Of(_answer!, Question!, Address, _period!, _personName);

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        var asked = (Question, Address);
        if (asked == _loaded)
            return;
        _loaded = asked;
        (_answer, _needs, _refusals, _period) = (null, null, [], null);
        if (!Known)
            return;
        var read = Address.Read();
        if (!read.Succeeded)
        {
            _refusals = read.Refusals;
            return;
        }

        var filter = read.Value;
        _period = AuditQuestions.PeriodOf(filter, Clock.GetUtcNow());
        _needs = AuditQuestions.Missing(Question!, filter);
        var actor = await Current.GetAsync(Left);
        var name = await NameOfAsync(filter.PersonObjectId, actor);
        if (asked != _loaded)
            return;
        _personName = name;
        if (_needs is not null)
            return;
        var period = _period;
        var (answer, refusals) = await AskAsync(filter, period, actor);
        var pruned = await Retention.ExecuteAsync(new HoldQuery(Take: 1), actor, Left);
        // The reader may have asked something else meanwhile.
        if (asked != _loaded)
            return;
        (_answer, _refusals) = (answer, refusals);
        _prunedThrough = pruned.Succeeded && pruned.Value.State.PrunedThrough is { } through && through >= period.From ? through : null;
    }

    private async Task<(object? Answer, IReadOnlyList<Refusal> Refusals)> AskAsync(AuditFilter filter, AuditPeriod period, Actor actor) => Question switch
    {
        AuditQuestions.Access => Either(await HadAccess.ExecuteAsync(new AccessQuestion(filter.VaultName, filter.SecretName, period), actor, Left)),
        AuditQuestions.Held => Either(await WasHeld.ExecuteAsync(new HoldingQuestion(filter.PersonObjectId!.Value, period), actor, Left)),
        AuditQuestions.Approvals => Either(await Approvals.ExecuteAsync(new ApprovalQuestion(filter.PersonObjectId, period), actor, Left)),
        AuditQuestions.Unused => Either(await NeverUsed.ExecuteAsync(period, actor, Left)),
        AuditQuestions.Around => Either(await AroundTheRules.ExecuteAsync(period, actor, Left)),
        _ => Either(await Changes.ExecuteAsync(period, actor, Left)),
    };

    private static (object? Answer, IReadOnlyList<Refusal> Refusals) Either<T>(Result<T> result) where T : class => (result.Succeeded ? result.Value : null, result.Refusals);
}
