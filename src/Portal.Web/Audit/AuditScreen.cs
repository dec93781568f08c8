using Microsoft.AspNetCore.Components;
using Portal.Core.Audit;
using Portal.Core.Identity;
using Portal.Web.Layout;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>A page that shows what its address asks of the audit trail: who reads it, in which zone, and until when.</summary>
public abstract class AuditScreen : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _gone = new();

    /// <summary>Makes the page.</summary>
    protected AuditScreen() => Left = _gone.Token;

    /// <summary>Who reads.</summary>
    [Inject] public required CurrentActor Current { get; init; }

    /// <summary>Tells the reader's zone.</summary>
    [Inject] public required ReaderZone Zone { get; init; }

    /// <summary>Who an object id is.</summary>
    [Inject] public required SearchPeople People { get; init; }

    /// <summary>Cancelled when the reader leaves. Outlives its source: what is under way then is cancelled, and does not fail.</summary>
    protected CancellationToken Left { get; }

    /// <summary>The reader's zone; null until the page is on screen.</summary>
    protected TimeZoneInfo? InZone { get; private set; }

    /// <inheritdoc />
    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        InZone = await Zone.GetAsync(Left);
        await ZoneKnownAsync();
        StateHasChanged();
    }

    /// <summary>What follows from the reader's zone, once it is known.</summary>
    protected virtual Task ZoneKnownAsync() => Task.CompletedTask;

    /// <summary>The name last seen of somebody whom the address names; null for nobody, or nobody known.</summary>
    protected async Task<string?> NameOfAsync(Guid? person, Actor actor)
    {
        if (person is not { } id)
            return null;
        var found = await People.ExecuteAsync(id.ToString("D"), actor, Left);
        return found.Succeeded && found.Value is [var match, ..] ? match.DisplayName : null;
    }
}
