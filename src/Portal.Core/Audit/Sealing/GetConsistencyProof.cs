using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>Which two states of the log to compare.</summary>
/// <param name="From">The size of the earlier one.</param>
/// <param name="To">The size of the later one.</param>
public sealed record ConsistencyQuery(long From, long To);

/// <summary>That the log at a size begins with all that it held at a smaller size.</summary>
/// <param name="From">The smaller size.</param>
/// <param name="To">The larger size.</param>
/// <param name="Hashes">As RFC 6962 orders them; none when the sizes are equal or the smaller one is 0.</param>
public sealed record ConsistencyProof(long From, long To, IReadOnlyList<byte[]> Hashes);

/// <summary>Proves to auditors that the log only grew between two sizes. Whoever holds the checkpoints of both checks it without the portal.</summary>
public sealed class GetConsistencyProof(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Proves it.</summary>
    public async Task<Result<ConsistencyProof>> ExecuteAsync(ConsistencyQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Auditor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        if (input.From < 0 || input.From > input.To)
            return new Refusal(RefusalCode.RangeInverted, "to");
        if (input.To > await LogTiles.SizeAsync(db, ct))
            return new Refusal(RefusalCode.NotFound, "to");
        return new ConsistencyProof(input.From, input.To, await LogTiles.HashesAsync(db, MerkleTree.ConsistencyPath(input.From, input.To), ct));
    }
}
