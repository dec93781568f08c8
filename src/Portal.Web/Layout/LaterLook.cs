using Portal.Web.SignIn;

namespace Portal.Web.Layout;

/// <summary>One more look, once the directory is asked again: however often it is asked for meanwhile, it comes once. Used on a circuit's dispatcher.</summary>
internal sealed class LaterLook
{
    private bool _asked;

    /// <summary>Asks for it.</summary>
    /// <param name="live">Waits.</param>
    /// <param name="onCircuit">Brings the look onto the circuit's dispatcher.</param>
    /// <param name="look">Reads and draws anew.</param>
    /// <param name="gone">Cancelled when the page leaves the screen.</param>
    public void Ask(LiveChanges live, Func<Func<Task>, Task> onCircuit, Func<Task> look, CancellationToken gone)
    {
        if (_asked)
            return;
        _asked = true;
        _ = live.LaterAsync(
            RecentStandings.SilenceHolds,
            () => onCircuit(() =>
            {
                _asked = false;
                return look();
            }),
            gone);
    }
}
