using System.Runtime.CompilerServices;
using Portal.Core.Audit.Sealing;

namespace Portal.Tests.World;

/// <summary>Keeps checkpoints in memory, and fails as a test says.</summary>
public sealed class FakeCheckpointStore : ICheckpointStore
{
    /// <summary>What it holds; a test that lies changes it.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>The sizes of what it was asked for and gave, but for the newest.</summary>
    public List<long> Given { get; } = [];

    /// <summary>It neither reads nor writes.</summary>
    public bool Unreachable { get; set; }

    /// <summary>It reads, and writes nothing more.</summary>
    public bool Full { get; set; }

    /// <summary>It says that it keeps what it is given, and does not.</summary>
    public bool Forgets { get; set; }

    /// <summary>It never says whether it protects what it keeps.</summary>
    public bool Silent { get; set; }

    /// <summary>Whether it lets nobody change what it keeps; null for a store that cannot tell.</summary>
    public bool? Protects { get; set; }

    public bool IsConfigured => true;

    public string Name => "the test's store";

    /// <summary>Each is a place of its own, which stays where it is when a portal is started anew.</summary>
    public string RememberedAs { get; init; } = $"test:{Guid.NewGuid():N}";

    public string? Host { get; init; }

    public Task AppendAsync(long size, string note, CancellationToken ct)
    {
        if (Unreachable || Full)
            throw new SealingException(SealingProblem.StoreUnreachable, Full ? "No space left on device." : "Connection refused.");
        // Several sealers may be at it at once.
        lock (Notes)
            if (!Forgets)
                Notes.Add(note);
        return Task.CompletedTask;
    }

    public Task<string?> LatestAsync(CancellationToken ct)
    {
        Check();
        lock (Notes)
            return Task.FromResult(Notes.MaxBy(CheckpointFile.SizeOf));
    }

    public async IAsyncEnumerable<string> ReadAsync(long from, IReadOnlyCollection<long> besides, [EnumeratorCancellation] CancellationToken ct)
    {
        Check();
        foreach (var note in Notes.ToList())
            if (CheckpointFile.SizeOf(note) is var size && (size < 0 || size >= from || besides.Contains(size)))
            {
                Given.Add(size);
                yield return await Task.FromResult(note);
            }
    }

    public async Task<bool?> ProtectsAsync(CancellationToken ct)
    {
        Check();
        if (Silent)
            await Task.Delay(Timeout.Infinite, ct);
        return Protects;
    }

    private void Check()
    {
        if (Unreachable)
            throw new SealingException(SealingProblem.StoreUnreachable, "Connection refused.");
    }
}
