using System.Globalization;
using System.Text.RegularExpressions;

namespace Portal.Sandbox.Graph;

/// <summary>
/// The part of <c>$filter</c> that directory look-ups use: <c>eq</c>, <c>ne</c>, <c>in</c> and <c>startswith</c> on plain properties and
/// <c>any</c> with <c>eq</c> on lists of texts, joined by <c>and</c>. Anything else is refused, never ignored.
/// </summary>
internal static partial class GraphFilter
{
    /// <summary>Reads a filter for objects of a type. With <paramref name="advanced"/> the caller may ask what only the index that counts can answer.</summary>
    public static (Func<Dictionary<string, object?>, bool>? Predicate, GraphError? Error) Parse(string filter, GraphType type, bool advanced)
    {
        var predicates = new List<Func<Dictionary<string, object?>, bool>>();
        var rest = filter.Trim();
        while (rest.Length > 0)
        {
            var match = Clause().Match(rest);
            if (!match.Success || (match.Groups["op"].Value == "ne" && !advanced)) return (null, GraphError.UnsupportedQuery("Unsupported or invalid query filter clause specified."));
            var (isList, property) = (match.Groups["list"].Success, match.Groups["prop"].Value);
            if (!(isList ? type.HasList(property) : type.HasPlain(property))) return (null, GraphError.BadRequest("Invalid filter clause: Could not find a property with this name on the type."));
            predicates.Add(PredicateOf(match, property));
            rest = rest[match.Length..];
            if (rest.Length == 0) break;
            var and = And().Match(rest);
            if (!and.Success || and.Length == rest.Length) return (null, GraphError.UnsupportedQuery("Unsupported or invalid query filter clause specified."));
            rest = rest[and.Length..];
        }

        return (item => predicates.TrueForAll(p => p(item)), null);
    }

    private static Func<Dictionary<string, object?>, bool> PredicateOf(Match match, string property)
    {
        if (match.Groups["prefix"].Success)
        {
            var prefix = Unquote(match.Groups["prefix"].Value);
            return item => TextOf(item, property)?.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) == true;
        }

        if (match.Groups["list"].Success)
        {
            var wanted = Unquote(match.Groups["value"].Value);
            return item => item.GetValueOrDefault(property) is string[] list && list.Contains(wanted, StringComparer.OrdinalIgnoreCase);
        }

        var values = match.Groups["value"].Captures.Select(c => Unquote(c.Value)).Select(v => v == "null" ? null : v).ToList();
        var negated = match.Groups["op"].Value == "ne";
        return item => values.Contains(TextOf(item, property), StringComparer.OrdinalIgnoreCase) != negated;
    }

    private static string? TextOf(Dictionary<string, object?> item, string property) => item.GetValueOrDefault(property) switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        var value => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static string Unquote(string value) => value is ['\'', .., '\''] ? value[1..^1].Replace("''", "'", StringComparison.Ordinal) : value;

    [GeneratedRegex("""
        ^(?:
          (?<prop>[A-Za-z]+)\s+(?<op>eq|ne)\s+(?<value>'(?:[^']|'')*'|[0-9A-Za-z-]+)
        | (?<prop>[A-Za-z]+)\s+(?<op>in)\s*\(\s*(?<value>'(?:[^']|'')*'|[0-9A-Za-z-]+)(?:\s*,\s*(?<value>'(?:[^']|'')*'|[0-9A-Za-z-]+))*\s*\)
        | (?<list>(?<prop>[A-Za-z]+)/(?i:any)\(\s*(?<each>[A-Za-z]+)\s*:\s*\k<each>\s+eq\s+(?<value>'(?:[^']|'')*')\s*\))
        | (?i:startswith)\(\s*(?<prop>[A-Za-z]+)\s*,\s*(?<prefix>'(?:[^']|'')*')\s*\)
        )
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Clause();

    [GeneratedRegex(@"^\s+and\s+", RegexOptions.CultureInvariant)]
    private static partial Regex And();
}
