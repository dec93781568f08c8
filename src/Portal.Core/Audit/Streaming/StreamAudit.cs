using System.Globalization;

namespace Portal.Core.Audit.Streaming;

/// <summary>The events of streams, one method each. The detail is the stream's name.</summary>
internal static class StreamAudit
{
    public static void StreamOpened(this AuditTrail trail, AuditStream stream) =>
        trail.Record(AuditCode.StreamOpened, AuditSubject.Nothing, Detail(stream, string.Create(CultureInfo.InvariantCulture, $"host {stream.Host}, from position {stream.Next}")));

    public static void StreamPaused(this AuditTrail trail, AuditStream stream) =>
        trail.Record(AuditCode.StreamPaused, AuditSubject.Nothing, Detail(stream, string.Create(CultureInfo.InvariantCulture, $"at position {stream.Next}: {stream.LastFault}")));

    public static void StreamReplayed(this AuditTrail trail, AuditStream stream, long before) =>
        trail.Record(AuditCode.StreamReplayed, AuditSubject.Nothing, Detail(stream, string.Create(CultureInfo.InvariantCulture, $"from position {stream.Next}; it stood at {before}")));

    private static AuditDetail Detail(AuditStream stream, string text) => new(stream.Name, text);
}
