using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Audit.Streaming;
using Portal.Core.Data;
using Portal.Core.Grants.Operations;
using Portal.Core.Identity;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Grants.Operations;

/// <summary>What an operator looks at when something is wrong, or when they want to know that nothing is. What is shown stands in the address.</summary>
public sealed partial class OperationsPage
{
    private const int PageSize = 20;

    // Time alone makes work due and late: nobody announces that.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LagEvery = TimeSpan.FromSeconds(30);

    private readonly ReadInTurn _reading = new();
    private OperationsView? _view;
    private WorkLag? _lag;
    private IReadOnlyList<StreamStanding> _streams = [];
    private DateTimeOffset _lagAt;
    private List<WorkItem>? _work;
    private IReadOnlyList<Refusal> _refusals = [];
    private IReadOnlyList<Refusal> _retryRefusals = [];
    private string? _next;
    private WorkPart? _shown;
    private bool _mayAct;
    private bool _retrying;

    [Inject] public required GetOperations Get { get; init; }

    [Inject] public required GetLag Lag { get; init; }

    [Inject] public required ListStreams Streams { get; init; }

    [Inject] public required ListWork Work { get; init; }

    [Inject] public required RetryNow Retry { get; init; }

    [Inject] public required Attempt Attempt { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    [Inject] public required TimeProvider Clock { get; init; }

    [Inject] public required IStringLocalizer<OperationsWords> Words { get; init; }

    [Inject] public required IStringLocalizer<ShellWords> Units { get; init; }

    /// <summary>Which part of the work: <c>late</c>, <c>inflight</c>, <c>due</c>; anything else for what needs attention.</summary>
    [SupplyParameterFromQuery(Name = "show")] public string? PartName { get; set; }

    /// <summary><c>lifted</c> for the pauses that are over; anything else for those that stand.</summary>
    [SupplyParameterFromQuery(Name = "pauses")] public string? Pauses { get; set; }

    /// <summary><c>resolved</c> for the drift that is over; anything else for what is open.</summary>
    [SupplyParameterFromQuery(Name = "drift")] public string? Drift { get; set; }

    private WorkPart Part => Enum.TryParse<WorkPart>(PartName, ignoreCase: true, out var part) && Enum.IsDefined(part) ? part : WorkPart.Attention;

    private PillTone Verdict => _view!.Work switch
    {
        { Attention: > 0 } or { Late: > 0 } => PillTone.Attention,
        { Pauses: > 0 } => PillTone.Waiting,
        _ => PillTone.Good,
    };

    // That nothing needs anybody is not known while it cannot be read, and not so beside a line that says otherwise.
    private bool SaysGood => !Outdated && _view!.Audit?.Hold is null && _view.UnprotectedStores.Count == 0 && _view.Catalog is null;

    private string VerdictIcon => _view!.Work switch
    {
        { Attention: > 0 } or { Late: > 0 } => "warning",
        { Pauses: > 0 } => "pause",
        _ => "check",
    };

    private string VerdictText => _view!.Work switch
    {
        { Attention: > 0 } work => Words["Verdict.Attention", work.Attention, Oldest],
        { Late: > 0 } work => Words["Verdict.Late", work.Late, Oldest],
        { Pauses: > 0 } work => Words["Verdict.Paused", work.Pauses, work.Waiting],
        _ => Words["Verdict.Good"],
    };

    private string Oldest => RelativeTime.Length(_view!.Work.OldestOverdue(_view.At), Units);

    /// <inheritdoc />
    protected override Task OnParametersSetAsync() => ReadForAsync();

    /// <inheritdoc />
    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
            _ = LookAgainAsync();
    }

    /// <inheritdoc />
    protected override bool ShowsOther => _shown is not null && _shown != Part;

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) => change.Kind is ChangeKind.Grant or ChangeKind.Pause;

    /// <inheritdoc />
    protected override Task LoadAsync() => _reading.RunOnceAsync(ReadListAsync);

    private async Task ReadListAsync()
    {
        var part = Part;
        var actor = await ReaderAsync();
        var view = await Get.ExecuteAsync(actor, Gone);
        var work = await Work.ExecuteAsync(new WorkListQuery(part, Take: part == _shown ? Math.Clamp(_work?.Count ?? 0, PageSize, 100) : PageSize), actor, Gone);
        var streams = await Streams.ExecuteAsync(actor, Gone);
        var now = Clock.GetUtcNow();
        var lag = _lag is null || now - _lagAt >= LagEvery ? await Lag.ExecuteAsync(actor, Gone) : null;
        // Another part is asked for: it is read next.
        if (part != Part)
            return;
        _refusals = view.Refusals;
        _mayAct = actor.Has(PortalRole.Administrator);
        _view = view.Succeeded ? view.Value : null;
        if (work.Succeeded)
            (_work, _next, _shown) = ([.. work.Value.Items], work.Value.Next, part);
        if (streams.Succeeded)
            _streams = streams.Value;
        if (lag is { Succeeded: true })
            (_lag, _lagAt) = (lag.Value, now);
    }

    private async Task LookAgainAsync()
    {
        using var timer = new PeriodicTimer(LookEvery, Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(Gone))
                await LookAsync();
        }
        catch (Exception gone) when (gone is OperationCanceledException or ObjectDisposedException)
        {
            // The page is gone.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            await InvokeAsync(RefreshAsync);
        }
        catch (Exception fault) when (fault is not (OutOfMemoryException or ObjectDisposedException) && !(fault is OperationCanceledException && Gone.IsCancellationRequested))
        {
            // Nobody awaits this. Who looks here looks because something is wrong: the next look may say what.
            Live.NoteFailure(fault);
            Outdated = true;
            await InvokeAsync(StateHasChanged);
        }
    }

    private Task MoreAsync()
    {
        var part = Part;
        return _reading.RunAsync(() => ReadMoreAsync(part));
    }

    private async Task ReadMoreAsync(WorkPart part)
    {
        if (part != _shown)
            return;
        // What was tried, or claimed anew, since it was shown is further down by now and comes once more.
        for (var added = false; _next is not null && !added;)
        {
            var more = await Work.ExecuteAsync(new WorkListQuery(part, _next, PageSize), await ReaderAsync(), Gone);
            if (part != Part)
                return;
            _refusals = more.Refusals;
            if (!more.Succeeded)
                return;
            added = ReadOn.Put(_work!, more.Value.Items, KeyOf);
            _next = more.Value.Next;
        }
    }

    private static (Guid, string?) KeyOf(WorkItem item) => (item.AssignmentId, item.RequestReference);

    private async Task RetryAllAsync()
    {
        if (_retrying)
            return;
        _retrying = true;
        try
        {
            var result = await Attempt.RunAsync(actor => Retry.ExecuteAsync(new RetryInput(null), actor, CancellationToken.None));
            _retryRefusals = result.Refusals;
            if (result.Succeeded)
                Announcer.Say(Words["Retry.All.Said", result.Value]);
            await RefreshAsync();
        }
        finally
        {
            _retrying = false;
        }
    }

    private static string Shell(int count) => count.ToString("N0", CultureInfo.CurrentCulture);
}
