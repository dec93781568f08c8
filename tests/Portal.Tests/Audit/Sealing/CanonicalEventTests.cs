using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;

namespace Portal.Tests.Audit.Sealing;

/// <summary>The bytes that are sealed: those of RFC 8785, the same from wherever an event comes, and others for any change.</summary>
public sealed class CanonicalEventTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 28, 0, 40, 5, 7, TimeSpan.Zero);

    [Fact]
    public void The_fields_are_the_columns_of_the_export() => Assert.Equal(EventFields.Names, AuditCsv.Header.Take(EventFields.Count));

    [Fact]
    public void Every_field_has_its_key_in_order_and_what_is_absent_has_none()
    {
        var happened = Full("text");
        using var json = JsonDocument.Parse(Json(happened));
        var keys = json.RootElement.EnumerateObject().Select(p => p.Name).ToList();
        Assert.Equal(EventFields.Names.Order(StringComparer.Ordinal), keys);
        Assert.Equal(keys.Where(k => k is "sequence" or "policy_version"), json.RootElement.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Number).Select(p => p.Name));

        var bare = new AuditEvent(AuditCode.RequestLapsed, AuditOutcome.Success, Actor.System with { CorrelationId = "" }, AuditSubject.Nothing, AuditDetail.None, At, Guid.Parse("0199d0a0-0000-7000-8000-0000000000ff"));
        Assert.Equal("""{"actor_kind":"System","actor_name":"system","at":"2026-11-28T00:40:05.007Z","code":"request.lapsed","event_id":"0199d0a0-0000-7000-8000-0000000000ff","outcome":"Success","sequence":0}""", Json(bare));
    }

    [Fact]
    public void Any_text_is_written_as_RFC_8785_has_it() =>
        Gen.String[Gen.OneOf(Gen.Char["\"\\/\b\t\n\f\r\u0001\u001F\u007F\u0080\u20AC\u2028 aé"], Gen.Char), 0, 40].Sample(text =>
        {
            var json = Json(Full(text));
            var comment = text.Length == 0 ? "" : $"\"comment\":{Jcs(WellFormed(text))},";
            Assert.Contains(comment, json, StringComparison.Ordinal);
            using var read = JsonDocument.Parse(json);
            Assert.Equal(text.Length == 0 ? null : WellFormed(text), read.RootElement.TryGetProperty("comment", out var value) ? value.GetString() : null);
        }, iter: 2_000);

    [Fact]
    public void The_leaf_hash_is_that_of_a_zero_byte_and_the_json()
    {
        var canonical = new CanonicalEvent().Take(Full("text"));
        Assert.Equal(SHA256.HashData([0, .. canonical.Json()]), canonical.LeafHash());
        Assert.Equal(MerkleTree.Leaf(canonical.Json()), canonical.LeafHash());
    }

    [Fact]
    public void Text_by_text_from_a_file_gives_the_same_bytes()
    {
        var taken = new CanonicalEvent().Take(Full("größer \"als\" \n 😀"));
        var set = new CanonicalEvent();
        foreach (var field in Enum.GetValues<EventField>().Reverse())
            set.SetUtf8(field, taken.Utf8(field));
        Assert.Equal(taken.Json(), set.Json());
        var texts = new CanonicalEvent();
        foreach (var field in Enum.GetValues<EventField>())
            texts.Set(field, taken.Text(field));
        Assert.Equal(taken.Json(), texts.Json());
        Assert.Equal(taken.FieldDigests(), texts.FieldDigests());
    }

    [Fact]
    public void Nothing_of_the_event_before_stays()
    {
        var canonical = new CanonicalEvent().Take(Full(new string('x', 5000)));
        _ = canonical.Json();
        var bare = new AuditEvent(AuditCode.RequestLapsed, AuditOutcome.Success, Actor.System, AuditSubject.Nothing, AuditDetail.None, At);
        Assert.Equal(Json(bare), Encoding.UTF8.GetString(canonical.Take(bare).Json()));
    }

    [Fact]
    public void The_digests_are_the_librarys_crc_of_name_and_text() =>
        Gen.Byte.Array[0, 90].Sample(text =>
        {
            var canonical = new CanonicalEvent();
            foreach (var field in Enum.GetValues<EventField>())
            {
                canonical.Clear();
                canonical.SetUtf8(field, text);
                var expected = (ushort)Crc32.HashToUInt32([.. Encoding.UTF8.GetBytes(field.Name()), 0, .. text]);
                Assert.Equal(expected, BinaryPrimitives.ReadUInt16BigEndian(canonical.FieldDigests().AsSpan((int)field * CanonicalEvent.DigestSize)));
            }
        }, iter: 300);

    [Fact]
    public void A_change_of_any_field_changes_the_hash_and_the_digest_names_it()
    {
        var canonical = new CanonicalEvent().Take(Full("text"));
        var hash = canonical.LeafHash();
        var digests = canonical.FieldDigests();
        Assert.Equal(EventFields.Count * CanonicalEvent.DigestSize, digests.Length);
        Assert.Null(canonical.FirstChanged(digests));
        foreach (var field in Enum.GetValues<EventField>())
            foreach (var other in new[] { "", "0", "x" })
            {
                canonical.Take(Full("text"));
                if (canonical.Text(field) == other)
                    continue;
                canonical.Set(field, other);
                Assert.NotEqual(hash, canonical.LeafHash());
                Assert.Equal(field, canonical.FirstChanged(digests));
            }
    }

    [Fact]
    public void A_field_that_was_added_since_is_expected_to_be_absent()
    {
        var canonical = new CanonicalEvent().Take(Full("text"));
        var before = canonical.FieldDigests()[..^CanonicalEvent.DigestSize];
        Assert.Equal(EventField.ProviderCorrelationId, canonical.FirstChanged(before));
        canonical.Set(EventField.ProviderCorrelationId, "");
        Assert.Null(canonical.FirstChanged(before));
    }

    [Fact]
    public void What_stands_in_place_of_a_number_is_written_as_the_text_that_it_is()
    {
        var canonical = new CanonicalEvent();
        foreach (var text in new[] { "007", "1.0", "1e3", "-", "-0", "drei", "99999999999999999999", "1}" })
        {
            canonical.Clear();
            canonical.Set(EventField.PolicyVersion, text);
            Assert.Equal($$"""{"policy_version":"{{text}}"}""", Encoding.UTF8.GetString(canonical.Json()));
        }

        foreach (var text in new[] { "0", "7", "-7", "9223372036854775807" })
        {
            canonical.Clear();
            canonical.Set(EventField.PolicyVersion, text);
            Assert.Equal($$"""{"policy_version":{{text}}}""", Encoding.UTF8.GetString(canonical.Json()));
        }
    }

    [Fact]
    public void A_stored_instant_with_more_than_milliseconds_shows_all_of_it()
    {
        var canonical = new CanonicalEvent();
        canonical.Set(EventField.At, At.UtcDateTime.AddTicks(1));
        Assert.Equal("""{"at":"2026-11-28T00:40:05.0070001Z"}""", Encoding.UTF8.GetString(canonical.Json()));
    }

    [Fact]
    public void An_event_holds_only_what_every_database_and_file_can_hold_alike()
    {
        var happened = new AuditEvent(AuditCode.RequestSubmitted, AuditOutcome.Success, Actor.System, new AuditSubject { SecretName = "" },
            new AuditDetail(Comment: "a\0b\uD800c", WindowStart: At.AddTicks(9_999)), At.ToOffset(TimeSpan.FromHours(3)).AddTicks(1));
        Assert.Equal(At, happened.At);
        Assert.Equal(TimeSpan.Zero, happened.At.Offset);
        Assert.Equal(At, happened.WindowStart);
        Assert.Equal("a\uFFFDb\uFFFDc", happened.Comment);
        Assert.Null(happened.SecretName);
    }

    [Fact]
    public void One_event_after_the_other_takes_no_memory()
    {
        var happened = Full("text");
        var canonical = new CanonicalEvent();
        Span<byte> hash = stackalloc byte[MerkleTree.HashSize];
        canonical.Take(happened).WriteLeafHash(hash);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
            canonical.Take(happened).WriteLeafHash(hash);
        // The names of two enum values are looked up; nothing grows with the event.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    private static string Json(AuditEvent happened) => Encoding.UTF8.GetString(new CanonicalEvent().Take(happened).Json());

    private static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    // RFC 8785, section 3.2.2.2, word by word.
    private static string Jcs(string text)
    {
        var json = new StringBuilder("\"");
        foreach (var c in text)
            json.Append(c switch
            {
                '\b' => "\\b",
                '\t' => "\\t",
                '\n' => "\\n",
                '\f' => "\\f",
                '\r' => "\\r",
                '"' => "\\\"",
                '\\' => "\\\\",
                < ' ' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        return json.Append('"').ToString();
    }

    private static AuditEvent Full(string comment)
    {
        var id = Guid.Parse("0c8a6dd0-0000-4000-8000-000000000001");
        var (actor, about, detail) = FullEvent.Parts(id, comment, At);
        return new AuditEvent(AuditCode.GrantActivated, AuditOutcome.Success, actor, about, detail, At, id);
    }
}
