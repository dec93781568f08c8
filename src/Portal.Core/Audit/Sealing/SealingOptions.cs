using System.Net;

namespace Portal.Core.Audit.Sealing;

/// <summary>How this host seals.</summary>
/// <param name="Origin">What a new log is called, and its key: no white space, no plus sign. A log that has begun keeps the name of its key.</param>
/// <param name="SigningKeyFile">The file of the signing key; an absolute path.</param>
/// <param name="CheckpointFile">The file of the checkpoints; an absolute path.</param>
public sealed record SealingOptions(string Origin, string SigningKeyFile, string CheckpointFile)
{
    /// <summary>A host that does not seal and does not judge by it, such as a command.</summary>
    public static SealingOptions None { get; } = new("", "", "");

    /// <summary>The container of Azure Blob Storage that holds every checkpoint as a blob of its own; null for none.</summary>
    public Uri? CheckpointContainer { get; init; }

    /// <summary>Whether this host seals.</summary>
    public bool Seals => SigningKeyFile.Length > 0;

    /// <summary>Whether nothing new is granted while the log is not sealed.</summary>
    public bool StopsGrants { get; init; } = true;

    /// <summary>How long a checkpoint may be owed while events arrive.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many events one transaction seals: few enough that others that write wait for no more than some milliseconds.</summary>
    public int Batch { get; init; } = 1024;

    /// <summary>This instance, as the others see it.</summary>
    public string Holder { get; init; } = $"{(Dns.GetHostName() is { Length: > 80 } name ? name[..80] : Dns.GetHostName())}/{Guid.NewGuid():N}";
}

/// <summary>What keeps the log from being sealed.</summary>
public enum SealingProblem
{
    /// <summary>The log has a key, and the file of it is not there.</summary>
    KeyMissing,

    /// <summary>The file holds another key than the log is signed with, or none that can be read.</summary>
    KeyChanged,

    /// <summary>The checkpoint store cannot be read or written.</summary>
    StoreUnreachable,

    /// <summary>The checkpoint store answers, and refuses: no right to it, no such container, a policy, no room.</summary>
    StoreRefuses,

    /// <summary>The store does not hold what it was given.</summary>
    StoreForgets,

    /// <summary>What the store has under a checkpoint's name is not that checkpoint.</summary>
    StoreAltered,

    /// <summary>The database is not the log that checkpoints in the store or in the database tell of: rolled back, changed, or another one.</summary>
    Contradiction,

    /// <summary>An event that waits holds what the portal does not write.</summary>
    EventUnreadable,
}

/// <summary>The log cannot be sealed. The message says what was found and what to do.</summary>
/// <param name="problem">What kind of thing.</param>
/// <param name="message">In words.</param>
/// <param name="inner">What was thrown below, if anything.</param>
public sealed class SealingException(SealingProblem problem, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What kind of thing.</summary>
    public SealingProblem Problem { get; } = problem;

    /// <summary>Whether the log itself, or what is to go into it, is not as the portal left it: that is over when somebody has seen to it, and not by itself.</summary>
    public bool IsOfTheLog => Problem is SealingProblem.Contradiction or SealingProblem.StoreForgets or SealingProblem.StoreAltered or SealingProblem.EventUnreadable;
}
