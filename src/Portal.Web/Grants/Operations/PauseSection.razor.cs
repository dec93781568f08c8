using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Grants.Pauses;
using Portal.Web.Components;
using Portal.Web.Resources;

namespace Portal.Web.Grants.Operations;

/// <summary>What is paused, and the way to pause.</summary>
public sealed partial class PauseSection
{
    private const int PageSize = 10;

    private readonly ReadInTurn _reading = new();
    private List<PauseView>? _pauses;
    private IReadOnlyList<Refusal> _refusals = [];
    private string? _next;
    private bool? _shown;

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
    protected override Task OnParametersSetAsync() => _shown == Lifted ? Task.CompletedTask : ReadForAsync();

    /// <inheritdoc />
    protected override bool ShowsOther => _shown is not null && _shown != Lifted;

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) => change.Kind is ChangeKind.Grant or ChangeKind.Pause;

    /// <inheritdoc />
    protected override Task LoadAsync() => _reading.RunOnceAsync(ReadListAsync);

    private async Task ReadListAsync()
    {
        var lifted = Lifted;
        var page = await List.ExecuteAsync(new PauseQuery(lifted, Take: lifted == _shown ? Math.Clamp(_pauses?.Count ?? 0, PageSize, 100) : PageSize), await ReaderAsync(), Gone);
        // Another list is asked for: it is read next.
        if (lifted != Lifted)
            return;
        _refusals = page.Refusals;
        if (page.Succeeded)
            (_pauses, _next, _shown) = ([.. page.Value.Items], page.Value.Next, lifted);
    }

    private Task MoreAsync()
    {
        var lifted = Lifted;
        return _reading.RunAsync(() => ReadMoreAsync(lifted));
    }

    private async Task ReadMoreAsync(bool lifted)
    {
        if (lifted != _shown || _next is null)
            return;
        var page = await List.ExecuteAsync(new PauseQuery(lifted, _next, PageSize), await ReaderAsync(), Gone);
        if (lifted != Lifted)
            return;
        _refusals = page.Refusals;
        if (!page.Succeeded)
            return;
        _pauses!.AddRange(page.Value.Items);
        _next = page.Value.Next;
    }
}
