namespace Portal.Core.Audit.Sealing;

/// <summary>Something that is not as it was sealed and signed.</summary>
/// <param name="What">In words, with the place.</param>
/// <param name="Position">The event's place in the log; null when it is about none, or about one that has none.</param>
/// <param name="EventId">The event; null when it is about none.</param>
/// <param name="Field">The column of the export that was changed; null when it is about none, or cannot be told.</param>
public sealed record VerifyFinding(string What, long? Position = null, string? EventId = null, string? Field = null);

/// <summary>What came of a verification.</summary>
/// <param name="Events">How many events of the log were looked at.</param>
/// <param name="Waiting">How many wait to be sealed: they are not proved yet.</param>
/// <param name="Unsigned">How many have their place and are in no signed checkpoint yet.</param>
/// <param name="Checkpoints">How many checkpoints hold.</param>
/// <param name="SignedThrough">The time of the newest checkpoint that holds; null for none.</param>
/// <param name="Findings">What does not hold, in the order in which it was found, as many as were asked for.</param>
public sealed record VerifyReport(long Events, long Waiting, long Unsigned, int Checkpoints, DateTimeOffset? SignedThrough, IReadOnlyList<VerifyFinding> Findings)
{
    /// <summary>How many of them retention has pruned, as sealed records of the log say: their hashes are kept and hold.</summary>
    public long Pruned { get; init; }

    /// <summary>Whether every event there is was looked up by itself, for whether the portal wrote it: where the counts of rows did not agree, or something else was found. On a log that holds, counting is enough.</summary>
    public bool LookedUpAll { get; init; }

    /// <summary>Whether all holds.</summary>
    public bool Holds => Findings.Count == 0;
}

/// <summary>What to verify.</summary>
/// <param name="From">Begin with this position: the size of a checkpoint up to which everything was verified before. 0 for all.</param>
/// <param name="Keys">The public keys to trust; empty for those that the database names.</param>
public sealed record VerifyInput(long From = 0, IReadOnlyList<VerifierKey>? Keys = null)
{
    /// <summary>How many findings are named at most.</summary>
    public int MostFindings { get; init; } = 100;
}
