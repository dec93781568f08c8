using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core.Data;
using Portal.Web.Resources;

namespace Portal.Web.Components;

/// <summary>How much of a list is shown, and the way to load more of it.</summary>
public sealed partial class LoadMore
{
    private bool _loading;
    private bool _failed;

    [Inject] public required ILogger<LoadMore> Logger { get; init; }

    [Inject] public required IStringLocalizer<ShellWords> Words { get; init; }

    /// <summary>How many rows the reader sees; with none, only the way to look for more is shown.</summary>
    [Parameter, EditorRequired] public int Shown { get; set; }

    /// <summary>Whether there are more.</summary>
    [Parameter, EditorRequired] public bool More { get; set; }

    /// <summary>Loads the next ones. The button is off until it is done, so that a double click loads once.</summary>
    [Parameter, EditorRequired] public EventCallback OnLoad { get; set; }

    private async Task LoadAsync()
    {
        if (_loading)
            return;
        (_loading, _failed) = (true, false);
        try
        {
            await OnLoad.InvokeAsync();
        }
        catch (Exception fault) when (DatabaseFault.Is(fault))
        {
            // What is loaded stays, with what is being written there.
            _failed = true;
            LogFailed(Logger, fault);
        }
        finally
        {
            _loading = false;
        }
    }

    [LoggerMessage(LogLevel.Error, "More of a list could not be loaded")]
    private static partial void LogFailed(ILogger logger, Exception fault);
}
