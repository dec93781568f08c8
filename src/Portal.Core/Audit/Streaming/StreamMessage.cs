using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Portal.Core.Audit.Streaming;

/// <summary>An event with its place in the log.</summary>
/// <param name="Position">From 0.</param>
/// <param name="LeafHash">32 bytes, as sealed: whoever has the event can hash it and compare.</param>
/// <param name="At">When it was; null when it is pruned.</param>
/// <param name="Code">What happened; null when it is pruned.</param>
/// <param name="Canonical">The canonical event in UTF-8 as the database holds it now; null when retention has pruned it and only its hash is left.</param>
public sealed record StreamedEvent(long Position, byte[] LeafHash, DateTimeOffset? At, string? Code, byte[]? Canonical);

/// <summary>Some events in the log's order.</summary>
/// <param name="Stream">The destination's name.</param>
/// <param name="Replays">How many times the stream was set back before.</param>
/// <param name="Events">One at least.</param>
public sealed record StreamMessage(string Stream, int Replays, IReadOnlyList<StreamedEvent> Events)
{
    /// <summary>What a message calls itself.</summary>
    public const string Type = "audit.events";

    /// <summary>The message's id: the same for the same events however often they are tried, another after a replay.</summary>
    public string Id()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{Stream}\n{Replays}\n{Events[0].Position}\n")));
        foreach (var happened in Events)
            hash.AppendData(happened.LeafHash);
        return "msg_" + Base64Url.EncodeToString(hash.GetHashAndReset().AsSpan(0, 18));
    }

    /// <summary>The message as JSON: type, timestamp and data as Standard Webhooks asks for, with the bytes of the canonical events as they were sealed.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", Type);
            // Not when it is sent: the same message has to have the same bytes.
            json.WriteString("timestamp", (Events.LastOrDefault(e => e.At is not null)?.At ?? DateTimeOffset.UnixEpoch).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteStartObject("data");
            json.WriteString("stream", Stream);
            json.WriteStartArray("events");
            foreach (var happened in Events)
            {
                json.WriteStartObject();
                json.WriteNumber("position", happened.Position);
                json.WriteString("leaf_hash", Convert.ToHexStringLower(happened.LeafHash));
                if (happened.Canonical is { } canonical)
                {
                    json.WritePropertyName("event");
                    json.WriteRawValue(canonical);
                }
                else
                    json.WriteBoolean("pruned", true);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
