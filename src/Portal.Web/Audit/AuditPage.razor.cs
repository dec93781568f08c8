using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Identity;
using Portal.Web.Layout;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The audit trail for auditors, everyone else's own history. What is shown stands in the address.</summary>
public sealed partial class AuditPage : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    // Outlives its source: what is under way when the reader leaves is cancelled, and does not fail.
    private readonly CancellationToken _left;
    private AuditAddress? _loaded;
    private List<AuditEvent>? _rows;
    private string? _next;
    private IReadOnlyList<Refusal> _refusals = [];
    private TimeZoneInfo? _zone;
    private string? _personName;
    private bool _all;

    /// <summary>Makes the page.</summary>
    public AuditPage() => _left = _gone.Token;

    /// <summary>The list.</summary>
    [Inject] public required ListAuditEvents List { get; init; }

    /// <summary>Who a filter's object id is.</summary>
    [Inject] public required SearchPeople People { get; init; }

    /// <summary>Who looks.</summary>
    [Inject] public required CurrentActor Current { get; init; }

    /// <summary>The reader's zone.</summary>
    [Inject] public required ReaderZone Zone { get; init; }

    /// <summary>Who is signed in: decides the title until the use case has answered.</summary>
    [CascadingParameter] public required Task<AuthenticationState> SignedIn { get; set; }

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

    /// <summary>An action.</summary>
    [SupplyParameterFromQuery] public string? Code { get; set; }

    /// <summary>A request's reference.</summary>
    [SupplyParameterFromQuery] public string? Request { get; set; }

    private AuditAddress Address => new() { From = From, To = To, Person = Person, Vault = Vault, Secret = Secret, Code = Code, Request = Request };

    /// <inheritdoc />
    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    /// <inheritdoc />
    protected override async Task OnInitializedAsync() => _all = StandingCheck.RolesOf((await SignedIn).User).Contains(PortalRole.Auditor);

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        var address = Address;
        if (address == _loaded)
            return;
        _loaded = address;
        (_rows, _next, _refusals) = (null, null, []);
        var read = address.Read();
        if (!read.Succeeded)
        {
            _refusals = read.Refusals;
            return;
        }

        var actor = await Current.GetAsync(_left);
        var name = actor.Has(PortalRole.Auditor) ? await NameOfAsync(read.Value.PersonObjectId, actor) : null;
        var result = await List.ExecuteAsync(new AuditListQuery(read.Value), actor, _left);
        // The reader may have gone on to other filters meanwhile.
        if (address != _loaded)
            return;
        _all = actor.Has(PortalRole.Auditor);
        _personName = name;
        if (result.Succeeded)
            (_rows, _next) = ([.. result.Value.Items], result.Value.Next);
        else
            _refusals = result.Refusals;
    }

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        _zone = await Zone.GetAsync(_left);
        StateHasChanged();
    }

    private async Task LoadMoreAsync()
    {
        var address = _loaded;
        if (_next is null || address?.Read() is not { Succeeded: true } read)
            return;
        var result = await List.ExecuteAsync(new AuditListQuery(read.Value, _next), await Current.GetAsync(_left), _left);
        if (address != _loaded)
            return;
        if (result.Succeeded)
        {
            _rows!.AddRange(result.Value.Items);
            _next = result.Value.Next;
        }
        else
        {
            _refusals = result.Refusals;
        }
    }

    private async Task<string?> NameOfAsync(Guid? person, Actor actor)
    {
        if (person is not { } id)
            return null;
        var found = await People.ExecuteAsync(id.ToString("D"), actor, _left);
        return found.Succeeded && found.Value is [var match, ..] ? match.DisplayName : null;
    }
}
