using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Grants.Pauses;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Grants.Operations;

/// <summary>The form by which an administrator pauses. What was typed stays until it is done.</summary>
public sealed partial class PauseForm
{
    private PauseTarget _target;
    private IReadOnlyList<PauseCandidate> _found = [];
    private PauseCandidate? _chosen;
    private IReadOnlyList<Refusal> _refusals = [];
    private string _text = "";
    private string? _reason;
    private bool _open;
    private bool _searched;
    private bool _sending;
    private bool _takeBack;
    private bool _focus;
    private int _turn;
    private ElementReference _heading;

    [Inject] public required PauseAccess Pausing { get; init; }

    [Inject] public required FindPauseTargets Find { get; init; }

    [Inject] public required Attempt Attempt { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    [Inject] public required IStringLocalizer<OperationsWords> Words { get; init; }

    [Inject] public required IStringLocalizer<RefusalWords> Refused { get; init; }

    /// <summary>Something was paused.</summary>
    [Parameter] public EventCallback OnPaused { get; set; }

    private IReadOnlyList<Refusal> Whole => [.. _refusals.Where(refusal => refusal.Field is not ("reason" or "target"))];

    private RefusalText? Of(string field) => _refusals.FirstOrDefault(refusal => refusal.Field == field) is { } refusal ? RefusalText.Of(refusal, Refused) : null;

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The button that was pressed is gone: whoever goes by keyboard goes on here.
        if (!_focus || !_open)
            return;
        _focus = false;
        await _heading.FocusAsync();
    }

    private async Task OpenAsync()
    {
        (_open, _focus, _refusals) = (true, true, []);
        await ChooseAsync(_target);
    }

    private async Task ChooseAsync(PauseTarget target)
    {
        (_target, _chosen, _found, _searched, _text) = (target, null, [], false, "");
        // What is still looked for was meant for what was chosen before.
        _turn++;
        if (target == PauseTarget.Everything)
            await LookAsync();
    }

    private async Task SearchAsync(ChangeEventArgs typed)
    {
        _text = typed.Value?.ToString() ?? "";
        await LookAsync();
    }

    private async Task LookAsync()
    {
        var turn = ++_turn;
        var query = new PauseTargetQuery(_target, _text);
        var found = await Attempt.RunAsync(actor => Find.ExecuteAsync(query, actor, CancellationToken.None));
        if (turn != _turn)
            return;
        if (!found.Succeeded)
        {
            _refusals = found.Refusals;
            return;
        }

        if (_target == PauseTarget.Everything)
            _chosen = found.Value[0];
        else
        {
            _found = found.Value;
            _searched = _text.Trim().Length > 0;
            // Still among what is found: still chosen. The only one that is left is what was meant.
            _chosen = _found.FirstOrDefault(c => c.Subject == _chosen?.Subject) ?? (_found.Count == 1 ? _found[0] : null);
        }
    }

    private async Task SendAsync()
    {
        if (_sending)
            return;
        _sending = true;
        try
        {
            var subject = _chosen?.Subject;
            var input = new PauseInput(_target, subject?.Principal?.ObjectId, subject?.Scope, _reason, _takeBack);
            var result = await Attempt.RunAsync(actor => Pausing.ExecuteAsync(input, actor, CancellationToken.None));
            _refusals = result.Refusals;
            if (!result.Succeeded)
                return;
            Announcer.Say(_takeBack ? Words["Form.Said.TakeBack", result.Value.TakenBack] : Words["Form.Said"]);
            (_open, _reason, _takeBack, _target, _chosen) = (false, null, false, PauseTarget.Everything, null);
            await OnPaused.InvokeAsync();
        }
        finally
        {
            _sending = false;
        }
    }
}
