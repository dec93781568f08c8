using System.Text;
using Portal.Core.Audit.Exports;
using Portal.Migrations.PostgreSql;

namespace Portal.Tests.Audit.PostgreSql;

/// <summary>PostgreSQL's binary COPY is taken apart by hand: in whatever pieces it arrives, and whatever people wrote.</summary>
public sealed class BinaryCopyTests
{
    private static readonly string?[] Texts =
    [
        null, "", "a", "\"", "\"\"", "'", "\\", "\\N", "\\.", ",", "\r\n", "\t", string.Concat(Enumerable.Range(1, 0x9F).Select(c => (char)c)), "a\uD83D\uDE00b", "\u4E2D\u0000", "=1+1", "\uFEFF", "\uFFFD",
        new('x', BinaryCopy.BufferSize + 1), new('\u00FC', 3 * BinaryCopy.BufferSize), "\uFFFE\uFFFF",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4096)]
    [InlineData(BinaryCopy.BufferSize - 1)]
    [InlineData(int.MaxValue)]
    public async Task Every_text_comes_out_as_it_went_in_whatever_the_pieces_in_which_it_arrives(int piece)
    {
        var copy = new CopiedRows();
        foreach (var text in Texts)
            copy.Row(text is null ? null : Encoding.UTF8.GetBytes(text), digests: [1, 2, 3]);
        var rows = await ReadAsync(copy.End(), piece);
        Assert.Equal(Texts.Select(CopiedRows.Cells), CopiedRows.Read(rows));
        Assert.All(Enumerable.Range(0, rows.Count), row => Assert.Equal((7, 3), (rows.Position(row), rows.Digests(row).Length)));
    }

    [Fact]
    public async Task A_cell_may_end_anywhere_about_the_edge_of_the_buffer()
    {
        // Each row moves the next one's fields, their lengths and the number of fields, over the edge by another byte.
        var texts = Enumerable.Range(0, 400).Select(i => new string((char)('a' + (i % 26)), 90 + i)).ToList();
        var copy = new CopiedRows();
        foreach (var text in texts)
            copy.Row(Encoding.UTF8.GetBytes(text));
        Assert.Equal(texts.Select(CopiedRows.Cells), CopiedRows.Read(await ReadAsync(copy.End(), int.MaxValue)));
    }

    [Fact]
    public async Task What_is_not_there_is_told_from_what_is_empty_where_that_counts()
    {
        var rows = await ReadAsync(new CopiedRows().Row([], position: null).Row([], position: 0, digests: []).End(), 5);
        Assert.Equal((-1, 0), (rows.Position(0), rows.Position(1)));
        Assert.True(rows.Digests(0).IsEmpty && rows.Digests(1).IsEmpty);
    }

    [Fact]
    public async Task What_is_no_utf8_is_replaced_in_a_file()
    {
        var rows = await ReadAsync(new CopiedRows().Row([(byte)'a', 0xFF, (byte)'b', 0xED, 0xA0, 0x80]).End(), 2);
        Assert.Equal([CopiedRows.Cells("a\uFFFDb\uFFFD\uFFFD\uFFFD")], CopiedRows.Read(rows));
    }

    [Fact]
    public async Task A_longer_header_than_todays_is_passed_over() =>
        Assert.Equal([CopiedRows.Cells("x")], CopiedRows.Read(await ReadAsync(new CopiedRows(more: 70_000).Row("x"u8.ToArray()).End(), 1000)));

    [Fact]
    public async Task Wherever_a_copy_is_cut_it_is_no_shorter_trail_but_a_fault()
    {
        var whole = new CopiedRows().Row("one"u8.ToArray()).Row(null).Row("\u4E2D"u8.ToArray()).End();
        for (var length = 0; length < whole.Length; length++)
            await Assert.ThrowsAsync<EndOfStreamException>(() => ReadAsync(whole[..length], 11));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(35)]
    [InlineData(37)]
    public async Task Rows_of_another_width_are_a_fault(short fields) =>
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(new CopiedRows().Row(null).StrangeRow(fields).End(), 9));

    [Fact]
    public async Task Whoever_waits_for_more_of_it_can_be_called_off()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var copy = new BinaryCopy(new InPieces(new CopiedRows().Row(null).End()[..^20], 9) { AtEnd = stop.Cancel });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy.ReadAsync(new AuditRows(), stop.Token));
    }

    private static async Task<AuditRows> ReadAsync(byte[] bytes, int piece)
    {
        var rows = new AuditRows();
        await new BinaryCopy(new InPieces(bytes, piece)).ReadAsync(rows, Ct);
        return rows;
    }

    /// <summary>Hands out at most so many bytes at once; at the end it says so, or does what it was told and then waits for being called off.</summary>
    private sealed class InPieces(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public Action? AtEnd { get; init; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position == Length && AtEnd is { } act)
            {
                act();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return Read(buffer.Span[..Math.Min(buffer.Length, most)]);
        }
    }
}
