using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Portal.Core.Audit.Sealing;

namespace Portal.Azure.Checkpoints;

/// <summary>The name of a checkpoint's blob: what is left to the largest size, so that a list in the order of names begins with the newest; the size for people; and the beginning of the note's SHA-256.</summary>
/// <param name="Name">The whole name.</param>
/// <param name="Size">The size that it names.</param>
internal sealed record CheckpointBlob(string Name, long Size)
{
    /// <summary>What all names begin with.</summary>
    internal const string Prefix = "checkpoint-";

    /// <summary>More than any checkpoint has bytes.</summary>
    internal const int LongestContent = 64 * 1024;

    private const int Digits = 19;
    private const int HashDigits = 16;

    /// <summary>The blob of a checkpoint.</summary>
    internal static CheckpointBlob Of(long size, string note) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{PrefixOf(size)}{size}-{HashOf(note)}"), size);

    /// <summary>What the names of all of one size begin with.</summary>
    internal static string PrefixOf(long size) => $"{Prefix}{(long.MaxValue - size).ToString($"D{Digits}", CultureInfo.InvariantCulture)}-";

    /// <summary>Reads a name.</summary>
    /// <returns>Null when it is none of ours.</returns>
    internal static CheckpointBlob? Parse(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name[Prefix.Length..].Split('-') is [var left, var number, var hash]
        && left.Length == Digits && hash.Length == HashDigits && hash.All(char.IsAsciiHexDigitLower)
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
        && left == (long.MaxValue - size).ToString($"D{Digits}", CultureInfo.InvariantCulture)
            ? new CheckpointBlob(name, size)
            : null;

    /// <summary>What the blob holds: the note as the checkpoint file has it, with an empty line behind, so that blobs laid end to end are such a file.</summary>
    internal static string ContentOf(string note) => note + "\n";

    /// <summary>The note in a blob's content; the content itself when there is none in it.</summary>
    internal static string NoteIn(string content) => CheckpointFile.Split(content) is var notes && notes.Take(2).ToList() is [var note] ? note : content;

    /// <summary>Whether a note is the one that the name tells of.</summary>
    internal bool Names(string note) => Of(CheckpointFile.SizeOf(note), note).Name == Name;

    private static string HashOf(string note) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(note)))[..HashDigits];
}
