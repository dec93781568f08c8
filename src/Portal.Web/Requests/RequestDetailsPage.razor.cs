using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Requests;

/// <summary>One request with all that belongs to it, at one address for the one who asked, those who decide, administrators and auditors. Each sees what concerns them; the use cases decide what that is.</summary>
public sealed partial class RequestDetailsPage
{
    private RequestDetails? _details;
    private IReadOnlyList<Refusal> _refusals = [];
    private IReadOnlyList<Refusal> _withdrawRefusals = [];
    private string? _loaded;
    private Guid? _requestId;
    private int _turn;
    private bool _mayDecide;
    private bool _showDecision;
    private bool _withdrawing;

    /// <summary>What people call the request.</summary>
    [Parameter] public required string Reference { get; set; }

    [Inject] public required GetRequest Get { get; init; }

    [Inject] public required WithdrawRequest Withdraw { get; init; }

    [Inject] public required Attempt Attempt { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    [Inject] public required IStringLocalizer<RequestPageWords> Words { get; init; }

    private bool Pending => _details!.Row.State == RequestState.Pending;

    // Whose request it is not, may not be taken back by them; the use case answers as if there were none.
    private bool IsOwner => _details!.Actions.Withdraw?.Code != RefusalCode.NotFound;

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        if (_loaded == Reference)
            return;
        _loaded = Reference;
        (_details, _refusals, _withdrawRefusals, _showDecision) = (null, [], [], false);
        await LoadAsync();
    }

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) => change.Kind == ChangeKind.Pause
        || (change.RequestId is { } id ? id == _requestId : change.Kind is ChangeKind.Request or ChangeKind.Grant);

    /// <inheritdoc />
    protected override async Task LoadAsync()
    {
        var turn = ++_turn;
        var actor = await ReaderAsync();
        var result = await Get.ExecuteAsync(Reference, actor, Gone);
        // A later look is nearer to the truth than one that took longer.
        if (turn != _turn)
            return;
        _refusals = result.Refusals;
        // Whether it still concerns the reader is not known now: what is shown stays, and what they have typed with it.
        if (_refusals is [{ Code: RefusalCode.StandingUnknown }, ..])
            return;
        _details = result.Succeeded ? result.Value : null;
        if (_details is not { } details)
            return;

        var before = _requestId == details.Row.Id;
        _requestId = details.Row.Id;
        _mayDecide = details.Actions is { Approve: null } or { Deny: null };
        // Whoever is no approver at all is told whom it waits for; an approver is told why not they. Once shown it stays: an answer and a comment may stand there.
        _showDecision |= details.Row.State == RequestState.Pending && actor.Has(PortalRole.Approver) && details.Actions.Approve?.Code != RefusalCode.NotApprover;
        SayWhatChanged(before, details);
    }

    private void SayWhatChanged(bool before, RequestDetails details)
    {
        var state = details.Row.GrantState?.ToString() ?? details.Row.State.ToString();
        if (before && _said != state)
            Announcer.Say(Words[$"Said.{state}"]);
        _said = state;
    }

    private string? _said;

    private async Task WithdrawAsync()
    {
        if (_withdrawing)
            return;
        _withdrawing = true;
        try
        {
            var result = await Attempt.RunAsync(actor => Withdraw.ExecuteAsync(_details!.Row.Id, actor, CancellationToken.None));
            _withdrawRefusals = result.Refusals;
            await RefreshAsync();
        }
        finally
        {
            _withdrawing = false;
        }
    }
}
