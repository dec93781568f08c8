using System.Collections.Concurrent;
using Portal.Core.Audit.Exports;
using Portal.Core.Identity;

namespace Portal.Web.Audit;

/// <summary>Downloads that are under way on this instance, so that the page that started one can show how far it is. A page whose download another instance serves sees none.</summary>
public sealed class ExportProgress
{
    // Nobody has so many pages open; who asks for more is not followed.
    private const int MostAtOnce = 1000;

    private readonly ConcurrentDictionary<(Guid Ticket, Guid Reader), AuditExport> _underWay = new();

    /// <summary>The export that a ticket's download is at; the last one, when it is over.</summary>
    /// <returns>Null before it begins.</returns>
    public AuditExport? Find(Guid ticket, Actor reader) => reader.Id is { } id && _underWay.TryGetValue((ticket, id.ObjectId), out var export) ? export : null;

    /// <summary>Forgets a ticket, for when its page is left.</summary>
    public void Forget(Guid ticket, Actor reader)
    {
        if (reader.Id is { } id)
            _underWay.TryRemove((ticket, id.ObjectId), out _);
    }

    /// <summary>Shows an export under a ticket from now on.</summary>
    /// <param name="ticket">As it came; what is no ticket is not followed.</param>
    /// <param name="reader">Who downloads: nobody else sees it.</param>
    /// <param name="export">The export.</param>
    internal void Show(string? ticket, Actor reader, AuditExport export)
    {
        if (Guid.TryParseExact(ticket, "N", out var id) && reader.Id is { } person && _underWay.Count < MostAtOnce)
            _underWay[(id, person.ObjectId)] = export;
    }
}
