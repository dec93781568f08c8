using Microsoft.AspNetCore.Components;
using Portal.Core.Audit.Exports;
using Portal.Core.Identity;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The downloads that a filter can be had as, and how far the one that was started here is.</summary>
public sealed partial class ExportMenu : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    // A browser may ask where to put the file first.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly CancellationTokenSource _gone = new();
    private Guid? _ticket;
    private State? _state;
    private Actor? _reader;
    private bool _following;

    /// <summary>The filters.</summary>
    [Parameter, EditorRequired] public required AuditAddress Address { get; set; }

    /// <summary>Whether the reader sees everybody's events.</summary>
    [Parameter] public bool All { get; set; }

    /// <summary>Downloads under way.</summary>
    [Inject] public required ExportProgress Progress { get; init; }

    /// <summary>Who reads.</summary>
    [Inject] public required CurrentActor Current { get; init; }

    /// <summary>The clock.</summary>
    [Inject] public required TimeProvider Clock { get; init; }

    /// <inheritdoc />
    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
        if (_ticket is { } ticket && _reader is { } reader)
            Progress.Forget(ticket, reader);
    }

    /// <inheritdoc />
    protected override void OnAfterRender(bool firstRender)
    {
        // Made where the page lives on, so that what was rendered ahead of it does not take it along.
        if (!firstRender)
            return;
        _ticket = Guid.NewGuid();
        StateHasChanged();
    }

    private async Task FollowAsync()
    {
        if (_following || _ticket is not { } ticket)
            return;
        _following = true;
        var left = _gone.Token;
        try
        {
            await WatchAsync(ticket, left);
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // The page is gone; the download goes on.
        }
        finally
        {
            _following = false;
        }
    }

    private async Task WatchAsync(Guid ticket, CancellationToken left)
    {
        var reader = _reader = await Current.GetAsync(left);
        var before = Progress.Find(ticket, reader);
        using var tick = new PeriodicTimer(LookEvery, Clock);
        var started = Clock.GetTimestamp();
        while (await tick.WaitForNextTickAsync(left))
        {
            var now = Progress.Find(ticket, reader);
            if (now is null || now == before)
            {
                if (Clock.GetElapsedTime(started) > Patience)
                    return;
                continue;
            }

            var state = new State(now.Share, now.Rows, now.End?.Outcome, now.End?.Why);
            if (state != _state)
            {
                _state = state;
                StateHasChanged();
            }

            if (now.End is not null)
                return;
        }
    }

    private sealed record State(double Share, long Rows, ExportOutcome? Ended, string? Why);
}
