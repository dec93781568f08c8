using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Web.Components;
using Portal.Web.Resources;

namespace Portal.Web.Grants;

/// <summary>What the reader holds and held; everyone's for administrators and auditors. What is shown stands in the address.</summary>
public sealed partial class GrantsPage
{
    private const int PageSize = 20;

    private readonly ReadInTurn _reading = new();
    private readonly HashSet<Guid> _open = [];
    private List<GrantView>? _grants;
    private int _asked;
    private IReadOnlyList<Refusal> _refusals = [];
    private string? _next;
    private Guid? _reader;
    private string? _shown;
    private bool _mayAsk;
    private bool _mayRevoke;
    private bool _oversees;

    [Inject] public required ListGrants Grants { get; init; }

    [Inject] public required IStringLocalizer<GrantWords> Words { get; init; }

    /// <summary><c>ended</c> for what is over; anything else for what is not.</summary>
    [SupplyParameterFromQuery(Name = "show")] public string? Show { get; set; }

    /// <summary>Whose: <c>mine</c> or <c>everyone</c>; null for what fits the reader.</summary>
    [SupplyParameterFromQuery(Name = "of")] public string? Of { get; set; }

    private string Address => $"{Show} {Of}";

    private bool Ended => Show == "ended";

    // Who can ask for nothing holds nothing by the portal.
    private bool Everyones => Of == "everyone" || (Of is null && _oversees && !_mayAsk);

    private string EmptyKey => $"List.Empty.{(Everyones ? "Everyone" : "Mine")}.{(Ended ? "Ended" : "Active")}";

    /// <inheritdoc />
    protected override Task OnParametersSetAsync() => ReadForAsync();

    /// <inheritdoc />
    protected override bool ShowsOther => _shown is not null && _shown != Address;

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) =>
        change.Kind == ChangeKind.Pause || (change.Kind == ChangeKind.Grant && (Everyones || change.PrincipalId is null || change.PrincipalId == _reader));

    /// <inheritdoc />
    protected override Task LoadAsync() => _reading.RunOnceAsync(ReadListAsync);

    private async Task ReadListAsync()
    {
        var view = Address;
        // As many as the reader has asked for, so that a change does not shorten the list under their hands. What is kept besides does not count: the list would grow with each change.
        var count = view == _shown ? _asked : PageSize;
        var part = await ReadOn.UntilAsync(count, ReadAsync);
        // Another list is asked for: it is read next.
        if (view != Address)
            return;
        _refusals = part.Refusals;
        if (!part.Succeeded)
            return;

        var read = part.Value.Items.ToList();
        if (view == _shown && !Ended)
            read = await WithOpenAsync(read, _grants!);
        if (view != Address)
            return;
        (_grants, _next, _shown, _asked) = (read, part.Value.Next, view, count);
    }

    // What has ended, or was pushed out by new ones, stays in its place where the reader has opened it, with what they are writing there.
    private async Task<List<GrantView>> WithOpenAsync(List<GrantView> read, List<GrantView> before)
    {
        var now = read.ToDictionary(grant => grant.Id);
        var open = before.Select(grant => grant.Id).Where(_open.Contains).ToList();
        if (open.TrueForAll(now.ContainsKey))
            return read;
        var kept = await Grants.ExecuteAsync(new GrantQuery(Audience, Take: open.Count, Only: open), await ReaderAsync(), Gone);
        // What has ended since the other look is in both: this one is nearer to the truth.
        foreach (var grant in kept.Succeeded ? kept.Value.Items : [])
            now[grant.Id] = grant;
        // The list's own order, in which each has its place.
        return [.. now.Values.OrderByDescending(grant => grant.Id)];
    }

    private void KeepOpen(Guid grant) => _open.Add(grant);

    private GrantAudience Audience => Everyones ? GrantAudience.Everyone : GrantAudience.Mine;

    private Task MoreAsync()
    {
        var view = Address;
        return _reading.RunAsync(() => ReadMoreAsync(view));
    }

    private async Task ReadMoreAsync(string view)
    {
        if (view != _shown || _next is null)
            return;
        bool more;
        do
        {
            var part = await ReadAsync(_next, PageSize);
            if (view != Address)
                return;
            _refusals = part.Refusals;
            if (!part.Succeeded)
                return;
            // What stayed although new ones pushed it out comes once more.
            more = ReadOn.Put(_grants!, part.Value.Items, grant => grant.Id);
            (_next, _asked) = (part.Value.Next, _asked + PageSize);
        }
        while (_next is not null && !more);
    }

    private async Task<Result<Page<GrantView>>> ReadAsync(string? after, int take)
    {
        var actor = await ReaderAsync();
        _reader = actor.Id?.ObjectId;
        _mayAsk = actor.Has(PortalRole.Requester);
        _mayRevoke = actor.Has(PortalRole.Administrator);
        _oversees = _mayRevoke || actor.Has(PortalRole.Auditor);
        return await Grants.ExecuteAsync(new GrantQuery(Audience, Ended, after, take), actor, Gone);
    }
}
