namespace Portal.Core.Audit.Sealing;

/// <summary>The seam to where checkpoints are kept out of reach of whoever owns the database. What is kept is never changed or taken away again.</summary>
public interface ICheckpointStore
{
    /// <summary>Whether this host keeps checkpoints there.</summary>
    bool IsConfigured { get; }

    /// <summary>Which place, for messages.</summary>
    string Name { get; }

    /// <summary>By what name the database remembers what this place held: the same at every start and for every instance that keeps checkpoints in it, and no other place's.</summary>
    string RememberedAs { get; }

    /// <summary>The host whose own this place is; null for one that all instances share.</summary>
    string? Host { get; }

    /// <summary>Keeps a checkpoint; when this returns it is kept.</summary>
    /// <param name="size">Its size.</param>
    /// <param name="note">The signed note.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">It could not be kept: <see cref="SealingProblem.StoreUnreachable"/>, <see cref="SealingProblem.StoreRefuses"/> or <see cref="SealingProblem.StoreAltered"/>.</exception>
    Task AppendAsync(long size, string note, CancellationToken ct);

    /// <summary>The checkpoint with the largest size.</summary>
    /// <returns>The note as it is kept; null when none is.</returns>
    /// <exception cref="SealingException">It cannot be read: <see cref="SealingProblem.StoreUnreachable"/>, <see cref="SealingProblem.StoreRefuses"/> or <see cref="SealingProblem.StoreAltered"/>.</exception>
    Task<string?> LatestAsync(CancellationToken ct);

    /// <summary>The checkpoints from a size on, in the order in which they were kept; a few at a time, since there may be very many. What stands in the place of one and tells no size is among them.</summary>
    /// <param name="from">The smallest size that is asked for; 0 for all.</param>
    /// <param name="besides">Smaller sizes that are asked for too.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">They cannot be read: <see cref="SealingProblem.StoreUnreachable"/> or <see cref="SealingProblem.StoreRefuses"/>.</exception>
    IAsyncEnumerable<string> ReadAsync(long from, IReadOnlyCollection<long> besides, CancellationToken ct);

    /// <summary>Whether the place itself lets nobody change what it keeps.</summary>
    /// <returns>Null when that cannot be told from here, as for a file.</returns>
    /// <exception cref="SealingException">It cannot be asked: <see cref="SealingProblem.StoreUnreachable"/> or <see cref="SealingProblem.StoreRefuses"/>.</exception>
    Task<bool?> ProtectsAsync(CancellationToken ct);
}

/// <summary>Every place where this host keeps checkpoints. A checkpoint counts when all of them have it.</summary>
/// <param name="stores">All that there are; those that are not configured are left out.</param>
public sealed class CheckpointStores(IEnumerable<ICheckpointStore> stores)
{
    /// <summary>Those that are configured.</summary>
    public IReadOnlyList<ICheckpointStore> All { get; } = [.. stores.Where(s => s.IsConfigured)];

    /// <summary>The name of a place as a sentence begins with it.</summary>
    /// <param name="where">The name, such as <see cref="ICheckpointStore.Name"/>.</param>
    internal static string AtTheBeginning(string where) => char.ToUpperInvariant(where[0]) + where[1..];
}
