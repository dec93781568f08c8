using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Grants.Reconciliation;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Grants.Operations;

/// <summary>What differs from what should be, the last look for it, and the way to look now.</summary>
public sealed partial class DriftSection
{
    private const int PageSize = 10;

    private readonly ReadInTurn _reading = new();
    private List<Drift>? _drifts;
    private ReconciliationRun? _run;
    private IReadOnlyList<Refusal> _refusals = [];
    private string? _next;
    private bool? _shown;
    private bool _running;

    [Inject] public required ListDrift List { get; init; }

    [Inject] public required ReconcileAssignments Reconcile { get; init; }

    [Inject] public required Attempt Attempt { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    [Inject] public required IStringLocalizer<OperationsWords> Words { get; init; }

    /// <summary>Whether the reader may have it compared now.</summary>
    [Parameter] public bool MayReconcile { get; set; }

    /// <summary><c>resolved</c> for what is over.</summary>
    [Parameter] public string? Show { get; set; }

    /// <summary>What else stands in the address and is to stay there.</summary>
    [Parameter] public string? Part { get; set; }

    private bool Resolved => Show == "resolved";

    /// <inheritdoc />
    protected override Task OnParametersSetAsync() => _shown == Resolved ? Task.CompletedTask : ReadForAsync();

    /// <inheritdoc />
    protected override bool ShowsOther => _shown is not null && _shown != Resolved;

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) => change.Kind == ChangeKind.Grant;

    /// <inheritdoc />
    protected override Task LoadAsync() => _reading.RunOnceAsync(ReadListAsync);

    private async Task ReadListAsync()
    {
        var resolved = Resolved;
        var list = await List.ExecuteAsync(new DriftQuery(resolved, Take: resolved == _shown ? Math.Clamp(_drifts?.Count ?? 0, PageSize, 100) : PageSize), await ReaderAsync(), Gone);
        // Another list is asked for: it is read next.
        if (resolved != Resolved)
            return;
        _refusals = list.Refusals;
        if (list.Succeeded)
            (_drifts, _next, _run, _shown) = ([.. list.Value.Drifts.Items], list.Value.Drifts.Next, list.Value.LastRun, resolved);
    }

    private Task MoreAsync()
    {
        var resolved = Resolved;
        return _reading.RunAsync(() => ReadMoreAsync(resolved));
    }

    private async Task ReadMoreAsync(bool resolved)
    {
        if (resolved != _shown || _next is null)
            return;
        var list = await List.ExecuteAsync(new DriftQuery(resolved, _next, PageSize), await ReaderAsync(), Gone);
        if (resolved != Resolved)
            return;
        _refusals = list.Refusals;
        if (!list.Succeeded)
            return;
        _drifts!.AddRange(list.Value.Drifts.Items);
        _next = list.Value.Drifts.Next;
    }

    private async Task ReconcileAsync()
    {
        if (_running)
            return;
        _running = true;
        try
        {
            // It goes on to its end even if the reader leaves: half a comparison helps nobody.
            var result = await Attempt.RunAsync(actor => Reconcile.ExecuteAsync(actor, CancellationToken.None));
            if (Gone.IsCancellationRequested)
                return;
            if (result.Succeeded)
                Announcer.Say(Words["Drift.Said", result.Value.Missing + result.Value.Unexpected + result.Value.Altered]);
            await RefreshAsync();
            if (!result.Succeeded)
                _refusals = result.Refusals;
        }
        finally
        {
            _running = false;
        }
    }
}
