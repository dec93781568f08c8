namespace Portal.Core.Audit.Sealing;

/// <summary>The seam to where checkpoints are kept out of reach of whoever owns the database. What is kept is never changed or taken away again.</summary>
public interface ICheckpointStore
{
    /// <summary>Which place, for messages.</summary>
    string Name { get; }

    /// <summary>Keeps a checkpoint; when this returns it is kept.</summary>
    /// <param name="size">Its size.</param>
    /// <param name="note">The signed note.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">It could not be kept: <see cref="SealingProblem.StoreUnreachable"/>.</exception>
    Task AppendAsync(long size, string note, CancellationToken ct);

    /// <summary>The checkpoint with the largest size.</summary>
    /// <returns>The note as it is kept; null when none is.</returns>
    /// <exception cref="SealingException">It cannot be read: <see cref="SealingProblem.StoreUnreachable"/>.</exception>
    Task<string?> LatestAsync(CancellationToken ct);

    /// <summary>Every checkpoint, in the order in which they were kept.</summary>
    /// <exception cref="SealingException">They cannot be read: <see cref="SealingProblem.StoreUnreachable"/>.</exception>
    IAsyncEnumerable<string> ReadAsync(CancellationToken ct);
}
