using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Core.Audit.Exports;

/// <summary>What the files of an evidence pack are called.</summary>
public static class EvidencePack
{
    /// <summary>The events, as CSV.</summary>
    public const string Events = "audit.csv";

    /// <summary>The signed checkpoints of the period, the one before it and the one that the events were exported at.</summary>
    public const string Checkpoints = "checkpoints.txt";

    /// <summary>For each two of them that follow each other, the proof that the second log goes on from the first: JSON Lines.</summary>
    public const string Proofs = "consistency.jsonl";

    /// <summary>The public keys, one a line.</summary>
    public const string Keys = "public-keys.txt";

    /// <summary>All of it in plain words, as a page to print.</summary>
    public const string Summary = "summary.html";

    /// <summary>How to check it.</summary>
    public const string Instructions = "VERIFY.txt";
}

/// <summary>A line of <see cref="EvidencePack.Proofs"/>.</summary>
/// <param name="From">The smaller size.</param>
/// <param name="To">The larger size.</param>
/// <param name="Hashes">The consistency proof of RFC 6962.</param>
public sealed record ConsistencyLine(long From, long To, IReadOnlyList<byte[]> Hashes)
{
    /// <summary>The line, without its end.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, EvidencePackJson.Default.ConsistencyLine);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ConsistencyLine))]
internal sealed partial class EvidencePackJson : JsonSerializerContext;
