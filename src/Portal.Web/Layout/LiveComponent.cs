using Microsoft.AspNetCore.Components;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Web.SignIn;

namespace Portal.Web.Layout;

/// <summary>A page, or a part of one, that shows saved things and keeps up with them while it is on screen.</summary>
public abstract class LiveComponent : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private readonly LaterLook _later = new();
    private IDisposable? _subscription;
    private bool _read;

    /// <summary>Makes it.</summary>
    protected LiveComponent() => Gone = _gone.Token;

    [Inject] public required LiveChanges Live { get; init; }

    [Inject] public required CurrentActor Actors { get; init; }

    /// <summary>Whether what is shown may be old: it could not be read when it was last to be.</summary>
    protected bool Outdated { get; set; }

    /// <summary>Whether what is shown is not what is asked for now. A list that can be another one tells.</summary>
    protected virtual bool ShowsOther => false;

    /// <summary>Whether what is shown is what was asked for before: what is asked for now could not be read yet.</summary>
    protected bool Unread => Outdated && ShowsOther;

    /// <summary>Cancelled when the component leaves the screen.</summary>
    protected CancellationToken Gone { get; }

    /// <summary>Whether a change may alter what is shown. Called from any thread.</summary>
    protected abstract bool Concerns(PortalChange change);

    /// <summary>Reads what is shown.</summary>
    protected abstract Task LoadAsync();

    /// <summary>Who looks, by what the directory said a moment ago; commands ask <see cref="Actors"/> themselves. When the directory cannot say in which groups they are, the component looks again by itself a little later.</summary>
    protected async Task<Actor> ReaderAsync()
    {
        var reader = await Actors.GetReaderAsync(Gone);
        if (reader is { Confirmed: false, Id: not null })
            LookLater();
        return reader;
    }

    // What could not be told meanwhile, no change brings afterwards.
    private void LookLater()
    {
        if (_subscription is not null)
            _later.Ask(Live, InvokeAsync, RefreshAsync, Gone);
    }

    /// <summary>Reads anew what is shown; by default as it was read at first.</summary>
    protected virtual Task ReadAnewAsync() => LoadAsync();

    /// <summary>What other parameters lead to: reads what they ask for. Once something was shown that goes as after a change: a database that fails takes nothing away, <see cref="Unread"/> is set, and it is read a little later.</summary>
    protected async Task ReadForAsync()
    {
        if (_read)
        {
            await RefreshAsync();
            return;
        }

        await LoadAsync();
        _read = true;
    }

    /// <summary>What a change leads to: reads and draws anew. When the database fails meanwhile, what is shown stays, and with it what is being written there, and the component looks again by itself a little later. Once the reader's sign-in has run out in time everything stays as it is: the page leaves.</summary>
    protected async Task RefreshAsync()
    {
        // Who has run out would be refused, and what is written would go with what is shown.
        if (Gone.IsCancellationRequested || await Actors.HasRunOutAsync())
            return;
        try
        {
            await ReadAnewAsync();
            Outdated = false;
        }
        catch (Exception fault) when (DatabaseFault.Is(fault))
        {
            Outdated = true;
            Live.NoteFailure(fault);
            LookLater();
        }

        StateHasChanged();
    }

    /// <inheritdoc />
    protected override void OnInitialized()
    {
        // What is only drawn once, for the first answer, has nothing to keep up with.
        if (RendererInfo.IsInteractive)
            _subscription = Live.Subscribe(Concerns, () => InvokeAsync(RefreshAsync));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _subscription?.Dispose();
        _gone.Cancel();
        _gone.Dispose();
        GC.SuppressFinalize(this);
    }
}
