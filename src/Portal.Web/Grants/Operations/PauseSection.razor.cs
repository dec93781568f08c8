using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Grants.Pauses;
using Portal.Web.Resources;

namespace Portal.Web.Grants.Operations;

/// <summary>What is paused, and the way to pause.</summary>
public sealed partial class PauseSection
{
    private const int PageSize = 10;

    private List<PauseView>? _pauses;
    private IReadOnlyList<Refusal> _refusals = [];
    private string? _next;
    private bool? _shown;
    private int _turn;

    [Inject] public required ListPauses List { get; init; }

    [Inject] public required IStringLocalizer<OperationsWords> Words { get; init; }

    /// <summary>Whether the reader may pause and lift.</summary>
    [Parameter] public bool MayPause { get; set; }

    /// <summary><c>lifted</c> for those that are over.</summary>
    [Parameter] public string? Show { get; set; }

    /// <summary>What else stands in the address and is to stay there.</summary>
    [Parameter] public string? Part { get; set; }

    private bool Lifted => Show == "lifted";

    /// <inheritdoc />
    protected override Task OnParametersSetAsync() => _shown == Lifted ? Task.CompletedTask : LoadAsync();

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) => change.Kind is ChangeKind.Grant or ChangeKind.Pause;

    /// <inheritdoc />
    protected override async Task LoadAsync()
    {
        var turn = ++_turn;
        var lifted = Lifted;
        var page = await List.ExecuteAsync(new PauseQuery(lifted, Take: lifted == _shown ? Math.Clamp(_pauses?.Count ?? 0, PageSize, 100) : PageSize), await ReaderAsync(), Gone);
        if (turn != _turn)
            return;
        _refusals = page.Refusals;
        if (page.Succeeded)
            (_pauses, _next, _shown) = ([.. page.Value.Items], page.Value.Next, lifted);
    }

    private async Task MoreAsync()
    {
        var turn = ++_turn;
        var page = await List.ExecuteAsync(new PauseQuery(Lifted, _next, PageSize), await ReaderAsync(), Gone);
        if (turn != _turn)
            return;
        _refusals = page.Refusals;
        if (!page.Succeeded)
            return;
        _pauses!.AddRange(page.Value.Items);
        _next = page.Value.Next;
    }
}
