using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Requests;

/// <summary>The reader's requests; everyone's for administrators and auditors. What is shown stands in the address.</summary>
public sealed partial class RequestsPage
{
    private const int PageSize = 20;

    private readonly ReadInTurn _reading = new();
    private List<RequestRow>? _rows;
    private IReadOnlyList<Refusal> _refusals = [];
    private string? _next;
    private Guid? _reader;
    private string? _shown;
    private bool _mayAsk;
    private bool _oversees;

    [Inject] public required ListRequests Requests { get; init; }

    [Inject] public required IStringLocalizer<RequestPageWords> Words { get; init; }

    /// <summary>Only requests in this state; null or unknown for all.</summary>
    [SupplyParameterFromQuery(Name = "state")] public string? State { get; set; }

    /// <summary>Whose: <c>mine</c> or <c>everyone</c>; null for what fits the reader.</summary>
    [SupplyParameterFromQuery(Name = "of")] public string? Of { get; set; }

    private string Address => $"{State} {Of}";

    private RequestState? Wanted => Enum.TryParse<RequestState>(State, ignoreCase: true, out var state) && Enum.IsDefined(state) ? state : null;

    // Who can ask for nothing has nothing of their own to see.
    private bool Everyones => Of == "everyone" || (Of is null && _oversees && !_mayAsk);

    private List<FilterLinks.Choice> StateChoices =>
    [
        new(Words["List.State.All"], PortalUrls.RequestsWith(null, Of), Wanted is null),
        .. Enum.GetValues<RequestState>().Select(state => new FilterLinks.Choice(StateWord(state), PortalUrls.RequestsWith(KeyOf(state), Of), Wanted == state)),
    ];

    /// <inheritdoc />
    protected override Task OnParametersSetAsync() => ReadForAsync();

    /// <inheritdoc />
    protected override bool ShowsOther => _shown is not null && _shown != Address;

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) =>
        change.Kind is ChangeKind.Request or ChangeKind.Grant && (Everyones || change.PrincipalId is null || change.PrincipalId == _reader);

    /// <inheritdoc />
    protected override Task LoadAsync() => _reading.RunOnceAsync(ReadListAsync);

    private async Task ReadListAsync()
    {
        var view = Address;
        // As many as the reader has loaded, so that a change does not shorten the list under their hands.
        var part = await ReadOn.UntilAsync(view == _shown ? Math.Max(PageSize, _rows!.Count) : PageSize, ReadAsync);
        // Another list is asked for: it is read next.
        if (view != Address)
            return;
        _refusals = part.Refusals;
        if (!part.Succeeded)
            return;
        (_rows, _next, _shown) = ([.. part.Value.Items], part.Value.Next, view);
    }

    private Task MoreAsync()
    {
        var view = Address;
        return _reading.RunAsync(() => ReadMoreAsync(view));
    }

    private async Task ReadMoreAsync(string view)
    {
        if (view != _shown || _next is null)
            return;
        var part = await ReadAsync(_next, PageSize);
        if (view != Address)
            return;
        _refusals = part.Refusals;
        if (!part.Succeeded)
            return;
        _rows!.AddRange(part.Value.Items);
        _next = part.Value.Next;
    }

    private async Task<Result<Page<RequestRow>>> ReadAsync(string? after, int take)
    {
        var actor = await ReaderAsync();
        _reader = actor.Id?.ObjectId;
        _mayAsk = actor.Has(PortalRole.Requester);
        _oversees = actor.Has(PortalRole.Administrator) || actor.Has(PortalRole.Auditor);
        return await Requests.ExecuteAsync(new RequestQuery(Everyones ? RequestAudience.Everyone : RequestAudience.Mine, Wanted, after, take), actor, Gone);
    }

    private string StateWord(RequestState state) => Words[$"State.{state}"];

    private static string KeyOf(RequestState state) => state.ToString().ToLowerInvariant();
}
