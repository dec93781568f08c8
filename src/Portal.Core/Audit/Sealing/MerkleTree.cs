using System.Numerics;
using System.Security.Cryptography;

namespace Portal.Core.Audit.Sealing;

/// <summary>Some leaves of the log: from <paramref name="Start"/>, <paramref name="End"/> not among them.</summary>
/// <param name="Start">The first, from 0.</param>
/// <param name="End">The one after the last.</param>
public readonly record struct LeafRange(long Start, long End)
{
    /// <summary>The complete subtrees that its hash is made of, from left to right. The range is one that a proof names: its start divides by every power of two in it.</summary>
    internal IEnumerable<(int Level, long Index)> Subtrees()
    {
        for (var start = Start; start < End;)
        {
            var level = BitOperations.Log2((ulong)(End - start));
            yield return (level, start >> level);
            start += 1L << level;
        }
    }
}

/// <summary>The Merkle tree of RFC 6962 over SHA-256: hashes, which subtrees a proof names, and whether a proof holds.</summary>
public static class MerkleTree
{
    /// <summary>The bytes of a hash.</summary>
    public const int HashSize = SHA256.HashSizeInBytes;

    /// <summary>The root of a log without leaves.</summary>
    public static byte[] EmptyRoot() => SHA256.HashData([]);

    /// <summary>A leaf's hash: SHA-256 of 0x00 and its bytes.</summary>
    public static byte[] Leaf(ReadOnlySpan<byte> data)
    {
        var hash = new byte[HashSize];
        byte[] prefixed = [0, .. data];
        SHA256.HashData(prefixed, hash);
        return hash;
    }

    /// <summary>An inner node's hash: SHA-256 of 0x01, the left and the right hash. The result may take the place of either.</summary>
    public static void Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> hash)
    {
        Span<byte> node = stackalloc byte[1 + (2 * HashSize)];
        node[0] = 1;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + HashSize)..]);
        SHA256.HashData(node, hash);
    }

    /// <summary>The subtrees whose hashes prove that the leaf at a position is in a log of a size: PATH of RFC 6962, from the leaf up.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf.</exception>
    public static IReadOnlyList<LeafRange> InclusionPath(long position, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, size);
        var path = new List<LeafRange>();
        for (var (start, end) = (0L, size); end - start > 1;)
        {
            var middle = start + Split(end - start);
            if (position < middle)
            {
                path.Add(new LeafRange(middle, end));
                end = middle;
            }
            else
            {
                path.Add(new LeafRange(start, middle));
                start = middle;
            }
        }

        path.Reverse();
        return path;
    }

    /// <summary>The subtrees whose hashes prove that a log of one size goes on from a log of a smaller one: PROOF of RFC 6962. None when the sizes are equal or the smaller is zero.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The smaller is larger, or negative.</exception>
    public static IReadOnlyList<LeafRange> ConsistencyPath(long from, long to)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, to);
        if (from == 0 || from == to)
            return [];
        var path = new List<LeafRange>();
        var (start, end, whole) = (0L, to, true);
        while (from != end)
        {
            var middle = start + Split(end - start);
            if (from <= middle)
            {
                path.Add(new LeafRange(middle, end));
                end = middle;
            }
            else
            {
                path.Add(new LeafRange(start, middle));
                (start, whole) = (middle, false);
            }
        }

        if (!whole)
            path.Add(new LeafRange(start, end));
        path.Reverse();
        return path;
    }

    /// <summary>Whether a proof shows that the leaf is at that position of the log with that size and root.</summary>
    public static bool Includes(ReadOnlySpan<byte> leafHash, long position, long size, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root)
    {
        if (position < 0 || position >= size || leafHash.Length != HashSize || proof.Any(p => p.Length != HashSize))
            return false;
        Span<byte> hash = stackalloc byte[HashSize];
        leafHash.CopyTo(hash);
        var (first, last) = (position, size - 1);
        foreach (var sibling in proof)
        {
            if (last == 0)
                return false;
            if ((first & 1) == 1 || first == last)
            {
                Node(sibling, hash, hash);
                while ((first & 1) == 0 && first != 0)
                    (first, last) = (first >> 1, last >> 1);
            }
            else
                Node(hash, sibling, hash);
            (first, last) = (first >> 1, last >> 1);
        }

        return last == 0 && hash.SequenceEqual(root);
    }

    /// <summary>Whether a proof shows that the larger log begins with all that the smaller one held, in the same order.</summary>
    public static bool IsConsistent(long from, long to, ReadOnlySpan<byte> fromRoot, ReadOnlySpan<byte> toRoot, IReadOnlyList<byte[]> proof)
    {
        if (from < 0 || from > to || fromRoot.Length != HashSize || proof.Any(p => p.Length != HashSize))
            return false;
        if (from == 0 || from == to)
            return proof.Count == 0 && (from == to ? fromRoot.SequenceEqual(toRoot) : fromRoot.SequenceEqual(EmptyRoot()));
        if (proof.Count == 0)
            return false;

        var (first, last) = (from - 1, to - 1);
        while ((first & 1) == 1)
            (first, last) = (first >> 1, last >> 1);
        // A smaller log of a power of two is one complete subtree: its root is where the path begins.
        var taken = first == 0 ? 0 : 1;
        Span<byte> smaller = stackalloc byte[HashSize];
        Span<byte> larger = stackalloc byte[HashSize];
        (taken == 0 ? fromRoot : proof[0]).CopyTo(smaller);
        smaller.CopyTo(larger);
        foreach (var hash in proof.Skip(taken))
        {
            if (last == 0)
                return false;
            if ((first & 1) == 1 || first == last)
            {
                Node(hash, smaller, smaller);
                Node(hash, larger, larger);
                while ((first & 1) == 0 && first != 0)
                    (first, last) = (first >> 1, last >> 1);
            }
            else
                Node(larger, hash, larger);
            (first, last) = (first >> 1, last >> 1);
        }

        return last == 0 && smaller.SequenceEqual(fromRoot) && larger.SequenceEqual(toRoot);
    }

    // The largest power of two that is smaller than the count.
    private static long Split(long count) => 1L << BitOperations.Log2((ulong)(count - 1));
}
