using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>Looks whether each store of this host still shows as large a checkpoint as it was ever seen to hold.</summary>
internal static class StoreCheck
{
    /// <summary>Names those that do not.</summary>
    /// <exception cref="SealingException">A store cannot be asked.</exception>
    public static async Task RunAsync(PortalDb db, CheckpointStores stores, Findings findings, CancellationToken ct)
    {
        // First what is remembered: a portal beside this raises it once the store has more.
        var remembered = await AuditStore.SizesAsync(db, stores.All, ct);
        foreach (var store in stores.All)
            if (remembered.TryGetValue(store.RememberedAs, out var held) && await ShownAsync(store, ct) is var shown && shown < held)
                findings.Add($"{CheckpointStores.AtTheBeginning(store.Name)} held a checkpoint of {held} events and shows {(shown == 0 ? "none" : $"one of {shown} at most")}: checkpoints in it were lost, or it was replaced.");
    }

    // What stands in the place of a checkpoint is named where it is read: it hides no other finding.
    private static async Task<long> ShownAsync(ICheckpointStore store, CancellationToken ct)
    {
        try
        {
            return AuditStore.SizeOf(await store.LatestAsync(ct));
        }
        catch (SealingException altered) when (altered.Problem == SealingProblem.StoreAltered)
        {
            return long.MaxValue;
        }
    }
}
