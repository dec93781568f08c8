using Portal.Core;

namespace Portal.Azure.Connection;

/// <summary>Addresses that an answer gives us are followed only where the answer came from, and never twice.</summary>
internal static class SameOrigin
{
    internal static bool Holds(Uri expected, Uri actual) =>
        actual.IsAbsoluteUri && Uri.Compare(expected, actual, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    internal static CloudCallException Refusal(Uri actual) =>
        new(CloudFaults.UnreadableAnswer, $"The answer leads to {(actual.IsAbsoluteUri ? actual.Host : "a relative address")}; not followed.", null, isTransient: true);
}

/// <summary>Walks from page to page: same origin, no page twice, no endless chain.</summary>
/// <param name="origin">Where all pages must be.</param>
internal sealed class PageTrail(Uri origin)
{
    // Resource Manager allows 4,000 assignments in a subscription, and pages hold tens of items: far above what is real.
    private const int MostPages = 2_000;
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);

    /// <summary>Checks a link to the next page.</summary>
    /// <returns>Null when this was the last page.</returns>
    internal Uri? Next(string? link)
    {
        if (string.IsNullOrEmpty(link))
            return null;
        if (!Uri.TryCreate(link, UriKind.Absolute, out var next))
            throw new CloudCallException(CloudFaults.UnreadableAnswer, "The link to the next page is no address.", null, isTransient: true);
        if (!SameOrigin.Holds(origin, next))
            throw SameOrigin.Refusal(next);
        if (!seen.Add(link) || seen.Count > MostPages)
            throw new CloudCallException(CloudFaults.UnreadableAnswer, "The pages of the answer have no end.", null, isTransient: true);
        return next;
    }
}
