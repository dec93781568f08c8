namespace Portal.Core.Data;

/// <summary>Orders ids as both databases do: by their text, which for version 7 is by time. .NET's own order of <see cref="Guid"/> agrees since it compares fields from the most significant down.</summary>
internal static class GuidText
{
    /// <summary>The order.</summary>
    public static IComparer<Guid> Order { get; } = Comparer<Guid>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));
}
