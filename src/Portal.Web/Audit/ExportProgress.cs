using System.Collections.Concurrent;
using Portal.Core.Audit.Exports;
using Portal.Core.Identity;

namespace Portal.Web.Audit;

/// <summary>Downloads that are under way on this instance, so that the page that started one can show how far it is. A page whose download another instance serves sees none.</summary>
public sealed class ExportProgress(TimeProvider clock)
{
    /// <summary>How long a download is still found after it is over: its page looks a few times a second.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(5);

    // So many downloads do not run at once; who asks for more is not followed.
    private const int MostAtOnce = 1000;

    private readonly ConcurrentDictionary<(Guid Ticket, Guid Reader), Download> _downloads = new();

    /// <summary>The export that a ticket's download is at; the last one, when it is over.</summary>
    /// <returns>Null before it begins, and some minutes after it is over.</returns>
    public AuditExport? Find(Guid ticket, Actor reader) => reader.Id is { } id && _downloads.TryGetValue((ticket, id.ObjectId), out var download) ? download.Export : null;

    /// <summary>Forgets a ticket, for when its page is left.</summary>
    public void Forget(Guid ticket, Actor reader)
    {
        if (reader.Id is { } id)
            _downloads.TryRemove((ticket, id.ObjectId), out _);
    }

    /// <summary>Shows an export under a ticket from now on.</summary>
    /// <param name="ticket">As it came; what is no ticket is not followed.</param>
    /// <param name="reader">Who downloads: nobody else sees it.</param>
    /// <param name="export">The export.</param>
    /// <returns>To be disposed of when the download is over, however it ended.</returns>
    public IDisposable Show(string? ticket, Actor reader, AuditExport export)
    {
        var download = new Download(export, clock);
        if (Guid.TryParseExact(ticket, "N", out var id) && reader.Id is { } person && MakeRoom())
            _downloads[(id, person.ObjectId)] = download;
        return download;
    }

    private bool MakeRoom()
    {
        ForgetEnded(Kept);
        if (_downloads.Count >= MostAtOnce)
            ForgetEnded(TimeSpan.Zero);
        return _downloads.Count < MostAtOnce;
    }

    private void ForgetEnded(TimeSpan since)
    {
        foreach (var known in _downloads)
            if (known.Value.IsOverFor(since))
                _downloads.TryRemove(known); // Only this very download, not one that has taken its place.
    }

    private sealed class Download(AuditExport export, TimeProvider clock) : IDisposable
    {
        private long _over = -1;

        public AuditExport Export => export;

        public bool IsOverFor(TimeSpan time) => Interlocked.Read(ref _over) is >= 0 and var over && clock.GetElapsedTime(over) >= time;

        public void Dispose() => Interlocked.CompareExchange(ref _over, clock.GetTimestamp(), -1);
    }
}
