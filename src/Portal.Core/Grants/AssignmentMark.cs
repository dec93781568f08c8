using System.Globalization;

namespace Portal.Core.Grants;

/// <summary>The text by which an assignment of ours can be told from all others, and its expiry read, without the portal's database.</summary>
public static class AssignmentMark
{
    /// <summary>What the description of every assignment of ours starts with.</summary>
    public const string Prefix = "[access-portal:v1]";

    /// <summary>The description of an assignment.</summary>
    public static string For(DateTimeOffset until) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix} until {until.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}. Given and taken back by the access portal.");

    /// <summary>Whether a description carries our mark.</summary>
    public static bool IsOurs(string? description) => description?.StartsWith(Prefix, StringComparison.Ordinal) == true;

    /// <summary>The expiry that a description carries.</summary>
    /// <returns>Null when it carries none that can be read.</returns>
    public static DateTimeOffset? UntilOf(string? description)
    {
        const int length = 24;
        var start = Prefix.Length + " until ".Length;
        return IsOurs(description) && description!.Length >= start + length
            && DateTimeOffset.TryParseExact(description.AsSpan(start, length), "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)
            ? until
            : null;
    }
}
