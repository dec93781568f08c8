using CsCheck;
using Portal.Core.Audit.Sealing;

namespace Portal.Tests.Audit.Sealing;

/// <summary>Notes, keys and checkpoints, against the published example of the note format and against whatever is not one.</summary>
public sealed class SignedNoteTests
{
    // The example of Go's note package.
    private const string Vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    private const string Skey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    private const string Text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    private const string Note = Text + "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    [Fact]
    public void The_published_note_is_signed_by_its_key_and_can_be_made_again()
    {
        var key = SigningKey.Parse(Skey)!;
        Assert.Equal(Vkey, key.Verifier.ToString());
        Assert.Equal(Skey, key.ToPrivateText());
        Assert.Equal(Note, SignedNote.Sign(Text, key).ToString());
        var note = SignedNote.Parse(Note)!;
        Assert.Equal(Text, note.Text);
        Assert.True(note.IsSignedBy(VerifierKey.Parse(Vkey)!));
        Assert.DoesNotContain("PRIVATE", key.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_note_or_another_key_does_not_hold()
    {
        var key = VerifierKey.Parse(Vkey)!;
        Assert.False(SignedNote.Parse(Note.Replace("answer", "reason", StringComparison.Ordinal))!.IsSignedBy(key));
        Assert.False(SignedNote.Parse(Note)!.IsSignedBy(SigningKey.Create("PeterNeumann").Verifier));
        Assert.False(SignedNote.Sign(Text, SigningKey.Create("PeterNeumann")).IsSignedBy(key));
    }

    [Fact]
    public void A_note_may_carry_the_signatures_of_two_keys()
    {
        var (old, next) = (SigningKey.Create("portal"), SigningKey.Create("portal"));
        var note = SignedNote.Parse(SignedNote.Sign(Text, old, next).ToString())!;
        Assert.True(note.IsSignedBy(old.Verifier));
        Assert.True(note.IsSignedBy(next.Verifier));
    }

    [Theory]
    [InlineData("")]
    [InlineData("text")]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n\n\u2014 name\n")]
    [InlineData("text\n\n\u2014 name AAAA\n")]
    [InlineData("text\n\n\u2014 name not-base64!\n")]
    [InlineData("text\n\n- name AAAAAAAAAAA=\n")]
    [InlineData("text\n\n\u2014 name AAAAAAAAAAA=")]
    public void What_is_no_note_is_none(string text) => Assert.Null(SignedNote.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("a+b")]
    [InlineData("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+ARpc")]
    public void What_is_no_key_is_none(string text)
    {
        Assert.Null(VerifierKey.Parse(text));
        Assert.Null(SigningKey.Parse("PRIVATE+KEY+" + text));
    }

    [Fact]
    public void A_checkpoint_is_written_as_the_ecosystem_reads_it_and_read_back()
    {
        var checkpoint = new Checkpoint("portal.example/audit", 1_234_567, MerkleTree.EmptyRoot(), new DateTimeOffset(2026, 11, 28, 1, 2, 3, 45, TimeSpan.Zero));
        Assert.Equal("portal.example/audit\n1234567\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-11-28T01:02:03.045Z\n", checkpoint.ToText());
        var read = Checkpoint.Parse(checkpoint.ToText())!;
        Assert.True(read.Agrees(checkpoint));
        Assert.Equal(checkpoint.Time, read.Time);
        Assert.Equal(checkpoint.ToText(), read.ToText());
    }

    [Theory]
    [InlineData("origin\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-11-28T01:02:03.045Z\n")]
    [InlineData("origin\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-11-28T01:02:03.045Z\n")]
    [InlineData("\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-11-28T01:02:03.045Z\n")]
    [InlineData("origin\n1\n47DEQpj8HBSa\ntime 2026-11-28T01:02:03.045Z\n")]
    [InlineData("origin\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime yesterday\n")]
    [InlineData("origin\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")]
    [InlineData("origin\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-11-28T01:02:03.045Z")]
    public void What_is_no_checkpoint_is_none(string text) => Assert.Null(Checkpoint.Parse(text));

    [Fact]
    public void Whatever_text_there_is_it_is_read_or_refused_never_thrown_at() =>
        Gen.String[Gen.OneOf(Gen.Char["\n \u2014+=Aa09/"], Gen.Char), 0, 60].Sample(text =>
        {
            _ = SignedNote.Parse(text);
            _ = SignedNote.Parse("a\n\n\u2014 " + text + "\n");
            _ = Checkpoint.Parse(text);
            _ = VerifierKey.Parse(text);
            _ = SigningKey.Parse(text);
        }, iter: 5_000);
}
