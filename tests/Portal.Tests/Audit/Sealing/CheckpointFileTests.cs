using System.Diagnostics;
using Portal.Core.Audit.Sealing;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A file of checkpoints, and what a full disk or a crash leaves in it.</summary>
public sealed class CheckpointFileTests : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Create("portal.test/audit");

    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("portal-checkpoints-").FullName, "checkpoints");

    private CheckpointFile Store => new(_path);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Of_a_note_that_was_cut_off_anywhere_nothing_is_read_and_those_around_it_are(int keys)
    {
        await Store.AppendAsync(5, Note(5), Ct);
        var before = await File.ReadAllBytesAsync(_path, Ct);
        var cut = SignedNote.Sign(TextOf(6), Enumerable.Repeat(Key, keys)).ToString();
        await Store.AppendAsync(6, cut, Ct);
        var after = await File.ReadAllBytesAsync(_path, Ct);
        for (var length = before.Length; length < after.Length; length++)
        {
            await File.WriteAllBytesAsync(_path, after[..length], Ct);
            var there = await AllAsync();
            Assert.Equal(Note(5), there[0]);
            // Only its last line ends are missing, or its second signature: it is signed all the same.
            Assert.All(there[1..], note => Assert.True(SignedNote.Parse(note)!.IsSignedBy(Key.Verifier) && CheckpointFile.SizeOf(note) == 6));
            Assert.Equal(there[^1], await Store.LatestAsync(Ct));

            await Store.AppendAsync(7, Note(7), Ct);
            Assert.Equal(Note(7), await Store.LatestAsync(Ct));
            Assert.Equal([.. there, Note(7)], await AllAsync());
        }
    }

    [Fact]
    public async Task Of_several_that_write_at_once_none_writes_over_what_another_wrote()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var size = 1 + writer; size <= 200; size += 4)
                await new CheckpointFile(_path).AppendAsync(size, Note(size), Ct);
        }, Ct)));
        Assert.Equal(Enumerable.Range(1, 200).Select(size => (long)size), (await AllAsync()).Select(CheckpointFile.SizeOf).Order());
    }

    [Fact]
    public async Task It_is_written_where_the_file_system_lets_nobody_do_more_than_append()
    {
        await Store.AppendAsync(5, Note(5), Ct);
        var refusal = await ChattrAsync("+a");
        Assert.SkipUnless(refusal is null, $"chattr +a needs root, and a file system that knows it: {refusal}");
        try
        {
            await Store.AppendAsync(7, Note(7), Ct);
            Assert.Equal([Note(5), Note(7)], await AllAsync());
            Assert.Equal(Note(7), await Store.LatestAsync(Ct));
            await Assert.ThrowsAsync<UnauthorizedAccessException>(() => File.WriteAllTextAsync(_path, "", Ct));
        }
        finally
        {
            await ChattrAsync("-a");
        }
    }

    [Fact]
    public async Task It_has_the_rights_that_any_new_file_has_and_what_cannot_be_written_is_said()
    {
        await Store.AppendAsync(5, Note(5), Ct);
        var other = _path + ".other";
        await File.WriteAllTextAsync(other, "", Ct);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(File.GetUnixFileMode(other), File.GetUnixFileMode(_path));

        var directory = await Assert.ThrowsAsync<SealingException>(() => new CheckpointFile(Path.GetDirectoryName(_path)!).AppendAsync(5, Note(5), Ct));
        Assert.Equal(SealingProblem.StoreUnreachable, directory.Problem);
        Assert.StartsWith("The checkpoint file cannot be written: ", directory.Message, StringComparison.Ordinal);
        if (File.Exists("/dev/full"))
            Assert.Contains("No space left", (await Assert.ThrowsAsync<SealingException>(() => new CheckpointFile("/dev/full").AppendAsync(5, Note(5), Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_are_read_with_and_without_an_empty_line_between_them()
    {
        foreach (var between in (string[])["", "\n", "\n\n", "\r\n", "x\n\n", "\nx\n\n\u2014 x AAAAAAAA\n\n"])
            Assert.Equal([Note(5), Note(7)], CheckpointFile.Split(Note(5) + between + Note(7)));
    }

    [Fact]
    public async Task Of_many_those_from_a_size_on_and_a_few_besides_can_be_had()
    {
        Assert.Empty(await AllAsync(from: 5, 1));
        foreach (var size in (long[])[1, 2, 9, 4, 12, 9])
            await Store.AppendAsync(size, Note(size), Ct);
        Assert.Equal([Note(9), Note(12), Note(9)], await AllAsync(from: 9));
        Assert.Equal([Note(2), Note(9), Note(12), Note(9)], await AllAsync(from: 9, 2, 3));
    }

    private static string TextOf(long size) => new Checkpoint(Key.Verifier.Name, size, MerkleTree.EmptyRoot(), PortalWorld.Start).ToText();

    private static string Note(long size) => SignedNote.Sign(TextOf(size), Key).ToString();

    private async Task<List<string>> AllAsync(long from = 0, params IReadOnlyCollection<long> besides)
    {
        var all = new List<string>();
        await foreach (var note in Store.ReadAsync(from, besides, Ct))
            all.Add(note);
        return all;
    }

    // What it says against it; null for nothing.
    private async Task<string?> ChattrAsync(string change)
    {
        if (!OperatingSystem.IsLinux())
            return "there is no chattr.";
        try
        {
            using var chattr = Process.Start(new ProcessStartInfo("chattr", [change, _path]) { RedirectStandardError = true })!;
            var said = await chattr.StandardError.ReadToEndAsync(Ct);
            await chattr.WaitForExitAsync(Ct);
            return chattr.ExitCode == 0 ? null : said;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return missing.Message;
        }
    }
}
