using System.Globalization;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Web.Layout;

namespace Portal.Web.Audit;

/// <summary>The filters of the audit page as they stand in an address, read or not. The page and its export are made from the same, so the file holds what the page shows.</summary>
public sealed record AuditAddress
{
    /// <summary>The names of the query parameters, which are also the fields of refusals.</summary>
    public static IReadOnlyList<string> Names { get; } = ["text", "from", "to", "person", "vault", "secret", "code", "request"];

    private static readonly string[] Instants =
        ["yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd"];

    /// <summary>Words to find.</summary>
    public string? Text { get; init; }

    /// <summary>From when on: ISO 8601 in UTC.</summary>
    public string? From { get; init; }

    /// <summary>Until when, itself not included.</summary>
    public string? To { get; init; }

    /// <summary>A person's object id.</summary>
    public string? Person { get; init; }

    /// <summary>A vault's name.</summary>
    public string? Vault { get; init; }

    /// <summary>A secret's name.</summary>
    public string? Secret { get; init; }

    /// <summary>An action's code.</summary>
    public string? Code { get; init; }

    /// <summary>A request's reference.</summary>
    public string? Request { get; init; }

    /// <summary>How it is shown: <c>timeline</c>, or a table. No filter, and not part of an export.</summary>
    public string? View { get; init; }

    /// <summary>Whether nothing is filtered.</summary>
    public bool IsEmpty => Values.All(value => string.IsNullOrEmpty(value.Value));

    /// <summary>Whether it is shown as a timeline.</summary>
    public bool IsTimeline => View == "timeline";

    /// <summary>The page with these filters.</summary>
    public string Page => PageAt();

    /// <summary>The page with no filters, shown the same way.</summary>
    public string Cleared => PortalUrls.With(PortalUrls.Audit, ("view", View));

    /// <summary>The charts of what these filters leave.</summary>
    public string Charts => PortalUrls.With(PortalUrls.AuditCharts, Values);

    /// <summary>Whether it names a period.</summary>
    public bool IsPeriod => !string.IsNullOrEmpty(From) || !string.IsNullOrEmpty(To);

    /// <summary>The evidence pack of the period, whatever else is filtered.</summary>
    /// <param name="ticket">By which the page follows it; null when nobody does.</param>
    public string Evidence(Guid? ticket) => PortalUrls.With(PortalUrls.AuditEvidence, ("from", From), ("to", To), (AuditEndpoints.Ticket, ticket?.ToString("N")));

    /// <summary>The export with these filters.</summary>
    /// <param name="format">As what.</param>
    /// <param name="ticket">By which the page follows it; null when nobody does.</param>
    public string ExportAs(ExportFormat format, Guid? ticket) => PortalUrls.With(PortalUrls.AuditExport, [.. Values, (AuditEndpoints.Format, format.Name()), (AuditEndpoints.Ticket, ticket?.ToString("N"))]);

    private (string Name, string? Value)[] Values =>
        [("text", Text), ("from", From), ("to", To), ("person", Person), ("vault", Vault), ("secret", Secret), ("code", Code), ("request", Request)];

    /// <summary>A place in the list with these filters.</summary>
    /// <param name="after">The mark after which it goes on.</param>
    /// <param name="before">The mark before which it goes back.</param>
    /// <param name="earliest">The last page.</param>
    public string PageAt(string? after = null, string? before = null, bool earliest = false) =>
        PortalUrls.With(PortalUrls.Audit, [.. Values, ("view", View), ("after", after), ("before", before), ("end", earliest ? "earliest" : null)]);

    /// <summary>The filters of a filter, as the page writes them.</summary>
    public static AuditAddress Of(AuditFilter filter) => new()
    {
        Text = filter.Text,
        From = filter.From is { } from ? Write(from) : null,
        To = filter.To is { } to ? Write(to) : null,
        Person = filter.PersonObjectId?.ToString("D"),
        Vault = filter.VaultName,
        Secret = filter.SecretName,
        Code = filter.Code,
        Request = filter.RequestReference,
    };

    /// <summary>Takes the filters from a query.</summary>
    public static AuditAddress Of(IQueryCollection query) => new()
    {
        Text = query["text"],
        From = query["from"],
        To = query["to"],
        Person = query["person"],
        Vault = query["vault"],
        Secret = query["secret"],
        Code = query["code"],
        Request = query["request"],
    };

    /// <summary>An instant as it stands in an address.</summary>
    public static string Write(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString(instant.UtcTicks % TimeSpan.TicksPerMinute == 0 ? Instants[0] : Instants[2], CultureInfo.InvariantCulture);

    /// <summary>Reads an instant from an address.</summary>
    /// <returns>Null when it is none.</returns>
    public static DateTimeOffset? ReadInstant(string? text) =>
        DateTimeOffset.TryParseExact(text, Instants, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant) ? instant : null;

    /// <summary>The filter that is meant, or all that is wrong with it. What cannot be read is never left out: that would show more than was asked for.</summary>
    public Result<AuditFilter> Read()
    {
        var refusals = new List<Refusal>();
        var from = Instant(From, "from");
        var to = Instant(To, "to");
        Guid? person = null;
        if (!string.IsNullOrEmpty(Person))
        {
            if (Guid.TryParse(Person, out var id))
                person = id;
            else
                refusals.Add(new Refusal(RefusalCode.FilterUnreadable, "person", Person));
        }

        var filter = new AuditFilter { Text = string.IsNullOrEmpty(Text) ? null : Text, From = from, To = to, PersonObjectId = person, VaultName = Vault, SecretName = Secret, Code = Code, RequestReference = Request };
        if (filter.Fault() is { } fault)
            refusals.Add(fault);
        return refusals.Count > 0 ? Result<AuditFilter>.Refused(refusals) : filter;

        DateTimeOffset? Instant(string? text, string field)
        {
            var instant = ReadInstant(text);
            if (instant is null && !string.IsNullOrEmpty(text))
                refusals.Add(new Refusal(RefusalCode.FilterUnreadable, field, text));
            return instant;
        }
    }
}
