using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Web.Resources;

namespace Portal.Web.Catalog;

/// <summary>Search and filters of the catalog. They hold nothing: the address does.</summary>
public sealed partial class CatalogFilters : IDisposable
{
    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(250);

    private CancellationTokenSource _typing = new();
    private string _text = "";
    private string? _said;

    [Inject] public required TimeProvider Clock { get; init; }

    [Inject] public required IStringLocalizer<CatalogWords> Words { get; init; }

    /// <summary>What is shown now.</summary>
    [Parameter, EditorRequired] public required CatalogFilter Filter { get; set; }

    /// <summary>Whether only what the reader may ask for is shown now.</summary>
    [Parameter, EditorRequired] public bool OnlyMine { get; set; }

    /// <summary>The environments to choose from.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<string> Environments { get; set; }

    /// <summary>The reader stopped typing.</summary>
    [Parameter, EditorRequired] public EventCallback<string> OnSearch { get; set; }

    /// <summary>The reader chose an environment; empty for all.</summary>
    [Parameter, EditorRequired] public EventCallback<string?> OnEnvironment { get; set; }

    public void Dispose()
    {
        _typing.Cancel();
        _typing.Dispose();
    }

    protected override void OnParametersSet()
    {
        // The address wins when it changed by other means than typing here.
        if (_said == Filter.Search)
            return;
        _said = Filter.Search;
        _text = Filter.Search ?? "";
    }

    private async Task TypedAsync()
    {
        _typing.Cancel();
        _typing.Dispose();
        _typing = new CancellationTokenSource();
        try
        {
            await Task.Delay(TypingPause, Clock, _typing.Token);
        }
        catch (OperationCanceledException)
        {
            return; // Typed on.
        }

        _said = _text.Length == 0 ? null : _text;
        await OnSearch.InvokeAsync(_text);
    }
}
