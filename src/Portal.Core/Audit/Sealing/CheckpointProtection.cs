namespace Portal.Core.Audit.Sealing;

/// <summary>Knows which stores would let somebody change the checkpoints that they keep. Such a store still keeps them; it proves less.</summary>
/// <param name="stores">The stores.</param>
/// <param name="timer">For how long an answer is good.</param>
public sealed class CheckpointProtection(CheckpointStores stores, TimeProvider timer)
{
    /// <summary>For how long an answer is good: a policy is set and locked by people, once.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(10);

    /// <summary>How long a store is waited for: pages and health checks ask.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim _gate = new(1);
    private IReadOnlyList<string> _unprotected = [];
    private long? _askedAt;

    /// <summary>The names of the stores that protect nothing, asked anew every ten minutes. One that cannot be asked counts as it last did: that it cannot be reached is told elsewhere.</summary>
    public async Task<IReadOnlyList<string>> UnprotectedAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            if (_askedAt is { } asked && timer.GetElapsedTime(asked) < GoodFor)
                return _unprotected;
            var found = new List<string>();
            foreach (var store in stores.All)
                if (await ProtectsAsync(store, ct) is false)
                    found.Add(store.Name);
            (_unprotected, _askedAt) = (found, timer.GetTimestamp());
            return _unprotected;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<bool?> ProtectsAsync(ICheckpointStore store, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(Patience, timer);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            return await store.ProtectsAsync(either.Token);
        }
        catch (Exception fault) when (fault is SealingException || (fault is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return !_unprotected.Contains(store.Name);
        }
    }
}
