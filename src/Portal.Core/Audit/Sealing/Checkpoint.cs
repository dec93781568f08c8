using System.Globalization;

namespace Portal.Core.Audit.Sealing;

/// <summary>What the log was at a time: the text that is signed, as C2SP tlog-checkpoint writes it.</summary>
/// <param name="Origin">Which log.</param>
/// <param name="Size">How many events it held.</param>
/// <param name="Root">The root over them, 32 bytes.</param>
/// <param name="Time">When it was signed, in UTC, whole milliseconds.</param>
public sealed record Checkpoint(string Origin, long Size, byte[] Root, DateTimeOffset Time)
{
    private const string TimeLine = "time ";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>The text.</summary>
    public string ToText() =>
        string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root)}\n{TimeLine}{Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}\n");

    /// <summary>Reads the text of a note.</summary>
    /// <returns>Null when it is none of ours.</returns>
    public static Checkpoint? Parse(string text)
    {
        if (text.Split('\n') is not [{ Length: > 0 } origin, var size, var root, var time, .. var further] || further is not [.., ""] || further[..^1].Contains(""))
            return null;
        var hash = new byte[root.Length];
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var leaves) || (size[0] == '0' && size.Length > 1)
            || !Convert.TryFromBase64String(root, hash, out var length) || length != MerkleTree.HashSize
            || !time.StartsWith(TimeLine, StringComparison.Ordinal)
            || !DateTime.TryParseExact(time[TimeLine.Length..], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
            return null;
        return new Checkpoint(origin, leaves, hash[..length], new DateTimeOffset(at, TimeSpan.Zero));
    }

    /// <summary>Whether both say the same of the log, the time aside.</summary>
    public bool Agrees(Checkpoint other) => Origin == other.Origin && Size == other.Size && Root.AsSpan().SequenceEqual(other.Root);
}
