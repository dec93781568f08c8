using System.Text;
using System.Text.Json;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Streaming;
using Portal.Core.Identity;

namespace Portal.Tests.Audit.Streaming;

/// <summary>The words of OTLP, as the specification writes them in JSON: 64-bit integers as strings, the trace's id in hexadecimal, names in lower camel case, enumerations as numbers.</summary>
public sealed class OtlpLogsTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 28, 0, 40, 5, 7, TimeSpan.Zero);
    private static readonly DateTimeOffset Later = At.AddMinutes(3);

    [Fact]
    public void An_event_is_one_log_record_with_its_place_and_its_canonical_text()
    {
        const string canonical = """{"actor_name":"Ada Okafor","actor_object_id":"0c8a6dd0-0000-4000-8000-000000000002","actor_roles":"Approver Auditor","at":"2026-11-28T00:40:05.007Z","code":"request.denied","comment":"Größe \"mit\" € 🔑","correlation_id":"0af7651916cd43dd8448eb211c80319c","event_id":"019ac800-0000-7000-8000-000000000003","outcome":"Refused","policy_version":3,"request_id":"019ac800-0000-7000-8000-000000000006","sequence":12}""";
        var bytes = Encoding.UTF8.GetBytes(canonical);
        var written = OtlpLogs.Of(new StreamMessage("siem", 0, [new StreamedEvent(4711, MerkleTree.Leaf(bytes), At, "request.denied", bytes)]), Later);
        Assert.Equal(
            """{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"access-portal"}}]},"scopeLogs":[{"scope":{"name":"portal.audit","attributes":[{"key":"portal.audit.stream","value":{"stringValue":"siem"}}]},"logRecords":["""
            + """{"timeUnixNano":"1795826405007000000","observedTimeUnixNano":"1795826405007000000","severityNumber":13,"severityText":"WARN","eventName":"request.denied","body":{"stringValue":"{\"actor_name\":\"Ada Okafor\",\"actor_object_id\":\"0c8a6dd0-0000-4000-8000-000000000002\",\"actor_roles\":\"Approver Auditor\",\"at\":\"2026-11-28T00:40:05.007Z\",\"code\":\"request.denied\",\"comment\":\"Größe \\\"mit\\\" € \uD83D\uDD11\",\"correlation_id\":\"0af7651916cd43dd8448eb211c80319c\",\"event_id\":\"019ac800-0000-7000-8000-000000000003\",\"outcome\":\"Refused\",\"policy_version\":3,\"request_id\":\"019ac800-0000-7000-8000-000000000006\",\"sequence\":12}"},"attributes":["""
            + $$$"""{"key":"portal.audit.position","value":{"intValue":"4711"}},{"key":"portal.audit.leaf_hash","value":{"stringValue":"{{{Convert.ToHexStringLower(MerkleTree.Leaf(bytes))}}}"}},"""
            + """{"key":"user.full_name","value":{"stringValue":"Ada Okafor"}},{"key":"user.id","value":{"stringValue":"0c8a6dd0-0000-4000-8000-000000000002"}},{"key":"user.roles","value":{"arrayValue":{"values":[{"stringValue":"Approver"},{"stringValue":"Auditor"}]}}},"""
            + """{"key":"portal.audit.at","value":{"stringValue":"2026-11-28T00:40:05.007Z"}},{"key":"portal.audit.code","value":{"stringValue":"request.denied"}},{"key":"portal.audit.comment","value":{"stringValue":"Größe \"mit\" € \uD83D\uDD11"}},{"key":"portal.audit.correlation_id","value":{"stringValue":"0af7651916cd43dd8448eb211c80319c"}},"""
            + """{"key":"log.record.uid","value":{"stringValue":"019ac800-0000-7000-8000-000000000003"}},{"key":"portal.audit.outcome","value":{"stringValue":"Refused"}},{"key":"portal.audit.policy_version","value":{"intValue":"3"}},{"key":"portal.audit.request_id","value":{"stringValue":"019ac800-0000-7000-8000-000000000006"}},{"key":"portal.audit.sequence","value":{"intValue":"12"}}]"""
            + ""","traceId":"0af7651916cd43dd8448eb211c80319c"}]}]}]}""",
            Encoding.UTF8.GetString(written));
    }

    [Fact]
    public void Whoever_receives_the_body_can_hash_it_and_every_field_is_an_attribute_once()
    {
        var actor = Actor.System with { DisplayName = "Ünicode \u0001 \u2028 </script>" };
        var happened = new AuditEvent(AuditCode.RequestSubmitted, AuditOutcome.Failed, actor, AuditSubject.Nothing, new AuditDetail("why", "line\r\n\ttwo"), At);
        var canonical = new CanonicalEvent().Take(happened).Json().ToArray();
        var record = Record(OtlpLogs.Of(new StreamMessage("siem", 0, [new StreamedEvent(7, MerkleTree.Leaf(canonical), At, happened.Code, canonical)]), Later));
        Assert.Equal(canonical, Encoding.UTF8.GetBytes(record.GetProperty("body").GetProperty("stringValue").GetString()!));
        Assert.Equal(17, record.GetProperty("severityNumber").GetInt32());
        var names = record.GetProperty("attributes").EnumerateArray().Select(a => a.GetProperty("key").GetString()).ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.Equal(JsonDocument.Parse(canonical).RootElement.EnumerateObject().Count() + 2, names.Count);
    }

    [Fact]
    public void An_event_that_retention_pruned_has_its_place_and_no_time_of_its_own()
    {
        var record = Record(OtlpLogs.Of(new StreamMessage("siem", 1, [new StreamedEvent(3, new byte[32], null, null, null)]), Later));
        Assert.False(record.TryGetProperty("timeUnixNano", out _));
        Assert.False(record.TryGetProperty("body", out _));
        Assert.Equal(("1795826585007000000", "portal.audit.pruned"), (record.GetProperty("observedTimeUnixNano").GetString(), record.GetProperty("eventName").GetString()));
        Assert.Equal(
            $$$"""[{"key":"portal.audit.position","value":{"intValue":"3"}},{"key":"portal.audit.leaf_hash","value":{"stringValue":"{{{new string('0', 64)}}}"}},{"key":"portal.audit.pruned","value":{"boolValue":true}}]""",
            record.GetProperty("attributes").GetRawText());
    }

    [Theory]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("0AF7651916CD43DD8448EB211C80319C")]
    [InlineData("c0ffee")]
    public void What_is_no_trace_id_is_not_sent_as_one(string correlation)
    {
        var bytes = Encoding.UTF8.GetBytes($$"""{"code":"request.lapsed","correlation_id":"{{correlation}}"}""");
        var record = Record(OtlpLogs.Of(new StreamMessage("siem", 0, [new StreamedEvent(0, new byte[32], At, "request.lapsed", bytes)]), Later));
        Assert.False(record.TryGetProperty("traceId", out _));
        Assert.Contains(correlation, record.GetProperty("attributes").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_time_that_somebody_put_into_the_database_does_not_stop_the_stream()
    {
        var bytes = "{}"u8.ToArray();
        StreamedEvent[] events = [new(0, new byte[32], DateTimeOffset.MaxValue, "x", bytes), new(1, new byte[32], DateTimeOffset.MinValue, "x", bytes)];
        var records = JsonDocument.Parse(OtlpLogs.Of(new StreamMessage("siem", 0, events), Later)).RootElement.GetProperty("resourceLogs")[0].GetProperty("scopeLogs")[0].GetProperty("logRecords");
        Assert.Equal([ulong.MaxValue.ToString(System.Globalization.CultureInfo.InvariantCulture), "0"], records.EnumerateArray().Select(r => r.GetProperty("timeUnixNano").GetString()));
    }

    private static JsonElement Record(byte[] json) =>
        Assert.Single(JsonDocument.Parse(json).RootElement.GetProperty("resourceLogs")[0].GetProperty("scopeLogs")[0].GetProperty("logRecords").EnumerateArray());
}
