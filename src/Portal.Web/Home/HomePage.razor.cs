using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Home;

/// <summary>What needs the reader, what they hold, what they asked for; for administrators and auditors what everyone holds and asks for.</summary>
public sealed partial class HomePage
{
    private const int Few = 5;

    private readonly HashSet<Guid> _open = [];
    private View? _view;
    private IReadOnlyList<Refusal> _refusals = [];
    private int _turn;

    [Inject] public required ListInbox Inbox { get; init; }

    [Inject] public required ListGrants Grants { get; init; }

    [Inject] public required ListRequests Requests { get; init; }

    [Inject] public required InboxCount Count { get; init; }

    [Inject] public required IStringLocalizer<HomeWords> Words { get; init; }

    /// <inheritdoc />
    protected override Task OnInitializedAsync() => LoadAsync();

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) => change.Kind is ChangeKind.Request or ChangeKind.Pause
        || (change.Kind == ChangeKind.Grant && (_view is not { Oversees: false } view || change.PrincipalId is null || change.PrincipalId == view.Reader));

    /// <inheritdoc />
    protected override async Task LoadAsync()
    {
        var turn = ++_turn;
        var actor = await ReaderAsync();
        if (actor.IsNobody() is { } nobody)
        {
            _refusals = [nobody];
            return;
        }

        var oversees = actor.Has(PortalRole.Administrator) || actor.Has(PortalRole.Auditor);
        var waiting = actor.Has(PortalRole.Approver) ? await Inbox.ExecuteAsync(new InboxQuery(Take: Few, WithRecords: false), actor, Gone) : null;
        var held = await HeldAsync(GrantAudience.Mine, actor);
        var asked = await Requests.ExecuteAsync(new RequestQuery(Take: Few), actor, Gone);
        var everyonesHeld = oversees ? await HeldAsync(GrantAudience.Everyone, actor) : null;
        var everyonesAsked = oversees ? await Requests.ExecuteAsync(new RequestQuery(RequestAudience.Everyone, Take: Few), actor, Gone) : null;
        if (turn != _turn)
            return;

        _refusals = [.. new[] { waiting?.Refusals, held.Refusals, asked.Refusals, everyonesHeld?.Refusals, everyonesAsked?.Refusals }.SelectMany(refusals => refusals ?? []).DistinctBy(refusal => refusal.Code)];
        // What waits rests on the reader's groups. While those are not known the rest shows, and what was known to wait.
        var unknown = waiting?.Refusals is [{ Code: RefusalCode.StandingUnknown }, ..];
        if (_refusals.Count == (unknown ? 1 : 0))
            _view = new View(actor.Id?.ObjectId, actor.Has(PortalRole.Requester), actor.Has(PortalRole.Administrator), oversees, unknown,
                unknown ? _view?.Waiting : waiting?.Value.Items, InUseFirst(held.Value.Items), held.Value.Next is not null, asked.Value.Items, everyonesHeld is null ? null : InUseFirst(everyonesHeld.Value.Items), everyonesAsked?.Value.Items);
    }

    // The latest, and whichever the reader has opened: new ones do not take it from under their hands.
    private async Task<Result<Page<GrantView>>> HeldAsync(GrantAudience audience, Actor actor)
    {
        var latest = await Grants.ExecuteAsync(new GrantQuery(audience, Take: 10), actor, Gone);
        var shown = audience == GrantAudience.Mine ? _view?.Held : _view?.EveryonesHeld;
        if (!latest.Succeeded || (shown ?? []).Select(grant => grant.Id).Where(id => _open.Contains(id) && latest.Value.Items.All(grant => grant.Id != id)).ToList() is not { Count: > 0 } left)
            return latest;
        var opened = await Grants.ExecuteAsync(new GrantQuery(audience, Take: left.Count, Only: left), actor, Gone);
        return opened.Succeeded ? latest.Value with { Items = [.. latest.Value.Items, .. opened.Value.Items] } : opened;
    }

    private void KeepOpen(Guid grant) => _open.Add(grant);

    // Who is here for a secret needs what is open, and sees first what closes first; what begins later can wait.
    private static IReadOnlyList<GrantView> InUseFirst(IEnumerable<GrantView> grants) =>
        [.. grants.OrderBy(grant => grant.State == GrantState.Scheduled).ThenBy(grant => grant.State == GrantState.Scheduled ? grant.StartsAt : grant.EndsAt)];

    private sealed record View(
        Guid? Reader,
        bool MayAsk,
        bool MayRevoke,
        bool Oversees,
        bool WaitingUnknown,
        IReadOnlyList<InboxItem>? Waiting,
        IReadOnlyList<GrantView> Held,
        bool HeldGoesOn,
        IReadOnlyList<RequestRow> Asked,
        IReadOnlyList<GrantView>? EveryonesHeld,
        IReadOnlyList<RequestRow>? EveryonesAsked)
    {
        public bool IsBare => !WaitingUnknown && Waiting is not { Count: > 0 } && Held.Count == 0 && Asked.Count == 0 && EveryonesHeld is not { Count: > 0 } && EveryonesAsked is not { Count: > 0 };
    }
}
