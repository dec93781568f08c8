using System.Security.Cryptography;
using CsCheck;
using Portal.Core.Audit.Sealing;

namespace Portal.Tests.Audit.Sealing;

/// <summary>The tree against the published vectors of RFC 6962's authors, and against the RFC's own recursive definition.</summary>
public sealed class MerkleTreeTests
{
    private static readonly string[] Inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] Roots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void The_published_roots_come_out()
    {
        var log = new TileAppender();
        Assert.Equal(Roots[0], Hex(log.Root()));
        for (var i = 0; i < Inputs.Length; i++)
        {
            log.Append(MerkleTree.Leaf(Convert.FromHexString(Inputs[i])));
            Assert.Equal(Roots[i + 1], Hex(log.Root()));
        }
    }

    [Fact]
    public void The_published_proofs_come_out()
    {
        var log = LogOf([.. Inputs.Select(input => MerkleTree.Leaf(Convert.FromHexString(input)))]);
        Assert.Equal(
            ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"],
            MerkleTree.InclusionPath(0, 8).Select(r => Hex(log.Hash(r))));
        Assert.Equal(
            ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"],
            MerkleTree.ConsistencyPath(1, 8).Select(r => Hex(log.Hash(r))));
        Assert.Equal(
            ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
            MerkleTree.ConsistencyPath(6, 8).Select(r => Hex(log.Hash(r))));
    }

    [Fact]
    public void Any_tree_and_any_proof_is_that_of_the_recursive_definition()
    {
        var leaves = Leaves(700);
        Gen.Select(Gen.Int[1, 700], Gen.Int[0, 699], Gen.Int[0, 700]).Sample((size, at, smaller) =>
        {
            var (position, from) = (at % size, smaller % (size + 1));
            var log = LogOf(leaves[..size]);
            var root = log.Hash(new LeafRange(0, size));
            Assert.Equal(Naive.Root(leaves[..size]), root);

            var inclusion = MerkleTree.InclusionPath(position, size).Select(log.Hash).ToList();
            Assert.Equal(Naive.Path(position, leaves[..size]), inclusion);
            Assert.True(MerkleTree.Includes(leaves[position], position, size, inclusion, root));

            var consistency = MerkleTree.ConsistencyPath(from, size).Select(log.Hash).ToList();
            Assert.Equal(from == 0 ? [] : Naive.Proof(from, leaves[..size]), consistency);
            Assert.True(MerkleTree.IsConsistent(from, size, Naive.Root(leaves[..from]), root, consistency));
        }, iter: 400, threads: 1);
    }

    [Fact]
    public void No_proof_holds_for_another_leaf_place_size_root_or_path()
    {
        var leaves = Leaves(130);
        var log = LogOf(leaves);
        foreach (var size in new[] { 1, 2, 3, 64, 65, 127, 130 })
        {
            var root = Naive.Root(leaves[..size]);
            foreach (var position in new[] { 0, size / 2, size - 1 }.Distinct())
            {
                var proof = MerkleTree.InclusionPath(position, size).Select(log.Hash).ToList();
                Assert.True(MerkleTree.Includes(leaves[position], position, size, proof, root));
                Assert.False(MerkleTree.Includes(leaves[(position + 1) % 130], position, size, proof, root));
                Assert.False(MerkleTree.Includes(leaves[position], position, size, proof, leaves[0].Reverse().ToArray()));
                Assert.False(MerkleTree.Includes(leaves[position], size, size, proof, root));
                Assert.False(MerkleTree.Includes(leaves[position], -1, size, proof, root));
                Assert.False(MerkleTree.Includes(leaves[position], position, size, [.. proof, leaves[0]], root));
                foreach (var other in Enumerable.Range(0, size).Where(p => p != position))
                    Assert.False(MerkleTree.Includes(leaves[position], other, size, proof, root));
                for (var i = 0; i < proof.Count; i++)
                    Assert.False(MerkleTree.Includes(leaves[position], position, size, [.. proof[..i], Flipped(proof[i]), .. proof[(i + 1)..]], root));
                if (proof.Count > 0)
                    Assert.False(MerkleTree.Includes(leaves[position], position, size, proof[1..], root));
            }

            foreach (var from in Enumerable.Range(1, size))
            {
                var before = Naive.Root(leaves[..from]);
                var proof = MerkleTree.ConsistencyPath(from, size).Select(log.Hash).ToList();
                Assert.True(MerkleTree.IsConsistent(from, size, before, root, proof));
                Assert.False(MerkleTree.IsConsistent(from, size, Flipped(before), root, proof));
                Assert.False(MerkleTree.IsConsistent(from, size, before, Flipped(root), proof));
                Assert.False(MerkleTree.IsConsistent(from, size, before, root, [.. proof, leaves[0]]));
                for (var i = 0; i < proof.Count; i++)
                    Assert.False(MerkleTree.IsConsistent(from, size, before, root, [.. proof[..i], Flipped(proof[i]), .. proof[(i + 1)..]]));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(70_001)]
    public void A_log_goes_on_from_its_last_tiles_as_if_it_had_never_stopped(int size)
    {
        var leaves = Leaves(size + 600);
        var whole = new TileAppender();
        var tiles = new Dictionary<TileId, byte[]>();
        for (var i = 0; i < size; i++)
            whole.Append(leaves[i]);
        Take(whole, tiles);
        var goesOn = new TileAppender(size, TileAppender.Edge(size).ToDictionary(id => id, id => tiles[id]));
        Assert.Equal(whole.Root(), goesOn.Root());
        for (var i = size; i < size + 600; i++)
        {
            whole.Append(leaves[i]);
            goesOn.Append(leaves[i]);
            Assert.Equal(whole.Root(), goesOn.Root());
            if (i % 97 == 0)
                Take(goesOn, tiles);
        }

        Take(goesOn, tiles);
        var tree = new TileTree(tiles);
        Assert.Equal(whole.Root(), tree.Hash(new LeafRange(0, size + 600)));
        Assert.Equal(leaves[size], tree.Hash(new LeafRange(size, size + 1)));
    }

    [Fact]
    public void A_missing_or_short_tile_is_said_not_guessed()
    {
        Assert.Throws<InvalidDataException>(() => new TileTree(new Dictionary<TileId, byte[]>()).Hash(new LeafRange(0, 3)));
        Assert.Throws<InvalidDataException>(() => new TileAppender(3, new Dictionary<TileId, byte[]> { [new TileId(0, 0)] = new byte[64] }));
    }

    private static void Take(TileAppender log, Dictionary<TileId, byte[]> tiles)
    {
        foreach (var (id, hashes) in log.TakeChanged())
            tiles[id] = hashes;
    }

    private static TileTree LogOf(IReadOnlyList<byte[]> leaves)
    {
        var log = new TileAppender();
        foreach (var leaf in leaves)
            log.Append(leaf);
        return new TileTree(log.TakeChanged());
    }

    private static byte[][] Leaves(int count) => [.. Enumerable.Range(0, count).Select(i => MerkleTree.Leaf(BitConverter.GetBytes(i)))];

    private static byte[] Flipped(byte[] hash) => [(byte)(hash[0] ^ 1), .. hash[1..]];

    private static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);

    /// <summary>RFC 6962, section 2.1, word by word.</summary>
    private static class Naive
    {
        public static byte[] Root(byte[][] d) => d.Length switch
        {
            0 => SHA256.HashData([]),
            1 => d[0],
            _ => SHA256.HashData([1, .. Root(d[..K(d.Length)]), .. Root(d[K(d.Length)..])]),
        };

        public static List<byte[]> Path(int m, byte[][] d)
        {
            if (d.Length == 1)
                return [];
            var k = K(d.Length);
            return m < k ? [.. Path(m, d[..k]), Root(d[k..])] : [.. Path(m - k, d[k..]), Root(d[..k])];
        }

        public static List<byte[]> Proof(int m, byte[][] d) => Subproof(m, d, true);

        private static List<byte[]> Subproof(int m, byte[][] d, bool b)
        {
            if (m == d.Length)
                return b ? [] : [Root(d)];
            var k = K(d.Length);
            return m <= k ? [.. Subproof(m, d[..k], b), Root(d[k..])] : [.. Subproof(m - k, d[k..], false), Root(d[..k])];
        }

        private static int K(int n)
        {
            var k = 1;
            while (k * 2 < n)
                k *= 2;
            return k;
        }
    }
}
