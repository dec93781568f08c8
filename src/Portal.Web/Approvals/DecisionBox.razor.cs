using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Approvals;

/// <summary>Where a request is decided: approve in one click, deny with a comment. What was typed stays whatever is answered.</summary>
public sealed partial class DecisionBox : ComponentBase
{
    // A bit more can be typed or pasted than is allowed, so that too much is told and not cut in silence; much more would not fit in one message of the circuit.
    private const int MostTyped = PersonText.MaxLength + 400;

    private WrittenField _field = null!;
    private string? _comment;
    private IReadOnlyList<Refusal> _refusals = [];
    private Verdict? _sending;
    private bool _denying;
    private bool _focus;
    private bool _decided;

    [Inject] public required DecideRequest Decide { get; init; }

    [Inject] public required Attempt Attempt { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    [Inject] public required IStringLocalizer<ApprovalWords> Words { get; init; }

    [Inject] public required IStringLocalizer<RefusalWords> RefusalWords { get; init; }

    /// <summary>The request.</summary>
    [Parameter, EditorRequired] public Guid RequestId { get; set; }

    /// <summary>What people call it.</summary>
    [Parameter, EditorRequired] public required string Reference { get; set; }

    /// <summary>Why the reader may not approve; null when they may.</summary>
    [Parameter] public Refusal? ApproveRefusal { get; set; }

    /// <summary>Why the reader may not deny; null when they may.</summary>
    [Parameter] public Refusal? DenyRefusal { get; set; }

    /// <summary>In a list: the comment shows when it is needed.</summary>
    [Parameter] public bool Compact { get; set; }

    /// <summary>There is nothing to decide any more. What was typed and the last answer still show.</summary>
    [Parameter] public bool Closed { get; set; }

    /// <summary>The decision is saved.</summary>
    [Parameter] public EventCallback<Verdict> OnDecided { get; set; }

    /// <summary>The decision was refused: what is shown may be out of date.</summary>
    [Parameter] public EventCallback OnRefused { get; set; }

    private bool MayNothing => ApproveRefusal is not null && DenyRefusal is not null;

    private bool ShowComment => _denying || !string.IsNullOrEmpty(_comment) || (!Compact && !MayNothing && !Closed);

    private IReadOnlyList<Refusal> Whole => [.. _refusals.Where(refusal => refusal.Field != "comment")];

    private RefusalText? OfComment => _refusals.FirstOrDefault(refusal => refusal.Field == "comment") is { } refusal ? RefusalText.Of(refusal, RefusalWords) : null;

    private RefusalText WhyNot => RefusalText.Of((ApproveRefusal ?? DenyRefusal)!, RefusalWords);

    private Task ApproveAsync() => SendAsync(Verdict.Approved);

    private Task DenyAsync() => SendAsync(Verdict.Denied);

    private Task StartDenyAsync()
    {
        if (!Compact)
            return DenyAsync();
        _denying = _focus = true;
        return Task.CompletedTask;
    }

    private void Keep()
    {
        _denying = false;
        _refusals = [];
    }

    private async Task SendAsync(Verdict verdict)
    {
        // The second click of a double click arrives while the first is on its way, or just after.
        if (_sending is not null || _decided)
            return;
        _sending = verdict;
        _refusals = [];
        try
        {
            var result = await Attempt.RunAsync(actor => Decide.ExecuteAsync(new DecisionInput(RequestId, verdict, _comment), actor, CancellationToken.None));
            _refusals = result.Refusals;
            if (result.Succeeded)
            {
                _decided = true;
                _comment = null;
                _denying = false;
                Announcer.Say(Words[$"Said.{verdict}", Reference]);
                await OnDecided.InvokeAsync(verdict);
                return;
            }

            _focus = OfComment is not null;
            await OnRefused.InvokeAsync();
        }
        finally
        {
            _sending = null;
        }
    }

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_focus || !ShowComment)
            return;
        _focus = false;
        await _field.FocusAsync();
    }

    private string Id(string part) => $"decide-{Reference}-{part}";
}
