using System.Globalization;
using System.Reflection;
using System.Text;

namespace Portal.Core.Audit.Exports;

/// <summary>A filter as files say it: every condition that it sets, by its name. Taken from the filter's own properties, so that none can be forgotten.</summary>
public static class FilterWords
{
    private static readonly PropertyInfo[] Conditions = [.. typeof(AuditFilter).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is not null).OrderBy(p => p.Name, StringComparer.Ordinal)];

    /// <summary>What it sets; empty for a filter that leaves nothing out.</summary>
    public static IReadOnlyList<(string Name, string Value)> Of(AuditFilter filter) =>
    [
        .. from condition in Conditions
           let value = condition.GetValue(filter)
           let text = value switch
           {
               null => "",
               DateTimeOffset instant => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
               bool yes => yes ? "yes" : "",
               System.Collections.IEnumerable many and not string => string.Join(' ', many.Cast<object>()),
               _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
           }
           where text.Length > 0
           select (Snake(condition.Name), text),
    ];

    private static string Snake(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name)
            (char.IsUpper(c) && text.Length > 0 ? text.Append('_') : text).Append(char.ToLowerInvariant(c));
        return text.ToString();
    }
}
