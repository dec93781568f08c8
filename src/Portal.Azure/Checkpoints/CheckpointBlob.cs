using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Portal.Core.Audit.Sealing;

namespace Portal.Azure.Checkpoints;

/// <summary>The name of a checkpoint's blob: what is left to the largest size, so that a list in the order of names begins with the newest; the size for people; and the beginning of the note's SHA-256.</summary>
/// <remarks>A container may hold millions of them, so each is no more than its two numbers.</remarks>
/// <param name="Size">The size that it names.</param>
/// <param name="Hash">The beginning of the hash that it names.</param>
internal readonly record struct CheckpointBlob(long Size, ulong Hash)
{
    /// <summary>What all names begin with.</summary>
    internal const string Prefix = "checkpoint-";

    /// <summary>More than any checkpoint has bytes.</summary>
    internal const int LongestContent = 64 * 1024;

    private const int Digits = 19;
    private const int HashDigits = 16;

    /// <summary>The whole name.</summary>
    internal string Name => string.Create(CultureInfo.InvariantCulture, $"{PrefixOf(Size)}{Size}-{Hash:x16}");

    /// <summary>The blob of a checkpoint.</summary>
    internal static CheckpointBlob Of(long size, string note) => new(size, BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(note))));

    /// <summary>What the names of all of one size begin with.</summary>
    internal static string PrefixOf(long size) => $"{Prefix}{(long.MaxValue - size).ToString($"D{Digits}", CultureInfo.InvariantCulture)}-";

    /// <summary>Reads a name.</summary>
    /// <returns>Null when it is none of ours.</returns>
    internal static CheckpointBlob? Parse(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name[Prefix.Length..].Split('-') is [var left, var number, var hash]
        && left.Length == Digits && hash.Length == HashDigits
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
        && ulong.TryParse(hash, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var beginning)
        // In the one way in which it is written.
        && new CheckpointBlob(size, beginning) is var blob && blob.Name == name
            ? blob
            : null;

    /// <summary>What the blob holds: the note as the checkpoint file has it, with an empty line behind, so that blobs laid end to end are such a file.</summary>
    internal static string ContentOf(string note) => note + "\n";

    /// <summary>The note in a blob's content; the content itself when there is none in it.</summary>
    internal static string NoteIn(string content) => CheckpointFile.Split(content) is var notes && notes.Take(2).ToList() is [var note] ? note : content;

    /// <summary>Whether a note is the one that the name tells of.</summary>
    internal bool Names(string note) => Of(CheckpointFile.SizeOf(note), note) == this;
}
