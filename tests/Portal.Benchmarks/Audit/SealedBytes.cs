using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.World;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Benchmarks.Audit;

/// <summary>The bytes that the log hashes, of a sample of a stage's events, in memory: what no sealer and no verification can be faster than.</summary>
internal sealed class SealedBytes
{
    private const int Sample = 20_000;

    private readonly List<byte[]> _leaves;

    private SealedBytes(List<byte[]> leaves) => _leaves = leaves;

    /// <summary>Reads them.</summary>
    public static async Task<SealedBytes> OfAsync(AuditStage stage)
    {
        await using var db = await stage.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        var canonical = new CanonicalEvent();
        return new SealedBytes((await db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).Take(Sample).ToListAsync()).ConvertAll(e => (byte[])[0, .. canonical.Take(e).Json()]));
    }

    /// <summary>Hashes so many leaves on this one thread.</summary>
    /// <returns>Milliseconds.</returns>
    public double Hash(int count)
    {
        Span<byte> hash = stackalloc byte[MerkleTree.HashSize];
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
            SHA256.HashData(_leaves[i % _leaves.Count], hash);
        return Report.Since(start);
    }

    /// <summary>Hashes so many leaves, and the tree above them.</summary>
    /// <returns>Milliseconds.</returns>
    public double HashTree(int count)
    {
        Span<byte> hash = stackalloc byte[MerkleTree.HashSize];
        var log = new TileAppender();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            SHA256.HashData(_leaves[i % _leaves.Count], hash);
            log.Append(hash);
            if (i % 4096 == 0)
                log.TakeChanged();
        }

        return log.Root().Length > 0 ? Report.Since(start) : 0;
    }
}
