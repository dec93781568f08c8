using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Identity;
using Portal.Web.Components;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The audit trail for auditors, everyone else's own history. What is shown stands in the address.</summary>
public sealed partial class AuditPage
{
    private (AuditAddress Address, string? After, string? Before, string? End)? _loaded;
    private IReadOnlyList<AuditEvent>? _rows;
    private IReadOnlyList<long> _unreadable = [];
    private string? _earlier;
    private string? _later;
    private CappedCount? _count;
    private IReadOnlyList<Refusal> _refusals = [];
    private string? _personName;
    private bool _all;
    private Guid? _reader;

    /// <summary>The list.</summary>
    [Inject] public required ListAuditEvents List { get; init; }

    /// <summary>How many there are in all.</summary>
    [Inject] public required CountAuditEvents Counting { get; init; }

    /// <summary>Who is signed in: decides the title until the use case has answered.</summary>
    [CascadingParameter] public required Task<AuthenticationState> SignedIn { get; set; }

    /// <summary>Words to find.</summary>
    [SupplyParameterFromQuery] public string? Text { get; set; }

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

    /// <summary>How it is shown.</summary>
    [SupplyParameterFromQuery] public string? View { get; set; }

    /// <summary>The mark after which the list goes on.</summary>
    [SupplyParameterFromQuery] public string? After { get; set; }

    /// <summary>The mark before which the list goes back.</summary>
    [SupplyParameterFromQuery] public string? Before { get; set; }

    /// <summary><c>earliest</c> for the last page.</summary>
    [SupplyParameterFromQuery] public string? End { get; set; }

    private AuditAddress Address => new() { View = View, Text = Text, From = From, To = To, Person = Person, Vault = Vault, Secret = Secret, Code = Code, Request = Request };

    /// <inheritdoc />
    protected override async Task OnInitializedAsync() => _all = StandingCheck.RolesOf((await SignedIn).User).Contains(PortalRole.Auditor);

    private string Title => !Address.IsTimeline ? Words[_all ? "Title.All" : "Title.Own"]
        : _personName is { } name ? Words["Title.Timeline", name]
        : Secret is { Length: > 0 } secret ? Words["Title.Timeline", secret]
        : Vault is { Length: > 0 } vault ? Words["Title.Timeline", vault]
        : Request is { Length: > 0 } request ? Words["Title.Timeline", request]
        : Words["Title.TimelineAll"];

    private IReadOnlyList<FilterLinks.Choice> Views =>
    [
        new(Words["View.Table"], (Address with { View = null }).PageAt(After, Before, End == "earliest"), !Address.IsTimeline),
        new(Words["View.Timeline"], (Address with { View = "timeline" }).PageAt(After, Before, End == "earliest"), Address.IsTimeline),
    ];

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        var place = (Address, After, Before, End);
        if (place == _loaded)
            return;
        // Another page of the same list has the same count.
        if (_loaded?.Address is not { } before || (before with { View = null }) != (place.Address with { View = null }))
            _count = null;
        _loaded = place;
        (_rows, _earlier, _later, _refusals) = (null, null, null, []);
        var read = place.Address.Read();
        if (!read.Succeeded)
        {
            _refusals = read.Refusals;
            return;
        }

        var actor = await Current.GetAsync(Left);
        var name = actor.Has(PortalRole.Auditor) ? await NameOfAsync(read.Value.PersonObjectId, actor) : null;
        var result = await List.ExecuteAsync(new AuditListQuery(read.Value, After) { Before = Before, Earliest = End == "earliest" }, actor, Left);
        // The reader may have gone on to other filters meanwhile.
        if (place != _loaded)
            return;
        _all = actor.Has(PortalRole.Auditor);
        _reader = actor.Id?.ObjectId;
        _personName = name;
        if (result.Succeeded)
            (_rows, _unreadable, _earlier, _later) = (result.Value.Items, result.Value.Unreadable, result.Value.Next, result.Value.Previous);
        else
            _refusals = result.Refusals;
        if (result.Succeeded && _count is null && RendererInfo.IsInteractive)
            await CountAsync(read.Value, place.Address, actor);
    }

    // The list is on screen by then.
    private async Task CountAsync(AuditFilter filter, AuditAddress address, Actor actor)
    {
        StateHasChanged();
        var counted = await Counting.ExecuteAsync(filter, actor, Left);
        if (_loaded?.Address == address && counted.Succeeded)
            _count = counted.Value;
    }
}
