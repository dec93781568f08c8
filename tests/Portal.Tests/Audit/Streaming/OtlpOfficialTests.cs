using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Logs.V1;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Streaming;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.Audit.Streaming;

namespace Portal.Tests.Audit.Streaming;

/// <summary>
/// What the portal sends and reads, against the official definitions of OTLP (<c>Data/otlp</c>) and the official library's JSON, which refuses every field that it does not know. The one thing that
/// OTLP writes otherwise than that library, the ids of traces in hexadecimal, is turned around first.
/// </summary>
public sealed class OtlpOfficialTests
{
    private static readonly DateTimeOffset Now = PortalWorld.Start.AddMinutes(3);
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatEnumsAsIntegers(true));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void All_that_is_sent_is_known_to_them_and_means_what_was_sealed()
    {
        var canonical = Canonical(AuditOutcome.Refused, "0af7651916cd43dd8448eb211c80319c");
        var sent = OtlpLogs.Of(new StreamMessage("siem", 0, [new StreamedEvent(4711, MerkleTree.Leaf(canonical), PortalWorld.Start, "request.denied", canonical), new StreamedEvent(4712, new byte[32], null, null, null)]), Now);
        var read = Read(sent);
        // The library's own JSON of what it understood is what was sent: not one name, kind or value is another.
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Formatter.Format(read)), Turned(sent)));

        var logs = Assert.Single(read.ResourceLogs);
        Assert.Equal(("service.name", "access-portal"), (logs.Resource.Attributes[0].Key, logs.Resource.Attributes[0].Value.StringValue));
        var records = Assert.Single(logs.ScopeLogs).LogRecords;
        Assert.Equal(2, records.Count);
        Assert.Equal(Encoding.UTF8.GetString(canonical), records[0].Body.StringValue);
        Assert.Equal((SeverityNumber.Warn, "request.denied"), (records[0].SeverityNumber, records[0].EventName));
        Assert.Equal((ulong)PortalWorld.Start.ToUnixTimeMilliseconds() * 1_000_000, records[0].TimeUnixNano);
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", Convert.ToHexStringLower(records[0].TraceId.Span));
        Assert.Equal(4711, records[0].Attributes.Single(a => a.Key == "portal.audit.position").Value.IntValue);
        Assert.Equal(["Approver", "Auditor"], records[0].Attributes.Single(a => a.Key == "user.roles").Value.ArrayValue.Values.Select(v => v.StringValue));
        Assert.True(records[1].Attributes.Single(a => a.Key == "portal.audit.pruned").Value.BoolValue);
        Assert.Equal((0UL, true), (records[1].TimeUnixNano, records[1].Body is null));
        // And it is the same once it has gone through the binary form.
        Assert.Equal(read, ExportLogsServiceRequest.Parser.ParseFrom(read.ToByteArray()));
    }

    [Theory]
    [InlineData("\"logRecords\"", "\"logRecord\"")]
    [InlineData("\"intValue\"", "\"integerValue\"")]
    [InlineData("\"severityNumber\":9", "\"severityNumber\":\"LOUD\"")]
    [InlineData("\"timeUnixNano\":\"", "\"timeUnixNano\":\"x")]
    public void They_would_notice(string sent, string wrong)
    {
        var canonical = Canonical(AuditOutcome.Success, "c0ffee");
        var json = Encoding.UTF8.GetString(OtlpLogs.Of(new StreamMessage("siem", 0, [new StreamedEvent(0, new byte[32], PortalWorld.Start, "request.denied", canonical)]), Now));
        Assert.Contains(sent, json, StringComparison.Ordinal);
        Assert.ThrowsAny<InvalidProtocolBufferException>(() => Read(Encoding.UTF8.GetBytes(json.Replace(sent, wrong, StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData(0, StreamFate.Delivered)]
    [InlineData(2, StreamFate.Rejected)]
    public async Task What_they_answer_is_understood(long rejected, StreamFate fate)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = context => context.Response.WriteAsync(Formatter.Format(new ExportLogsServiceResponse { PartialSuccess = new ExportLogsPartialSuccess { RejectedLogRecords = rejected, ErrorMessage = "too old" } }), context.RequestAborted);
        var destination = new StreamDestination("collector", new Uri(receiver.Address, "/v1/logs"));
        using var sender = new OtlpSender([new OtlpStream(destination, null)], new FakeTimeProvider(Now));
        var canonical = Canonical(AuditOutcome.Success, "c0ffee");
        Assert.Equal(fate, (await sender.SendAsync(destination, new StreamMessage("collector", 0, [new StreamedEvent(0, new byte[32], PortalWorld.Start, "request.denied", canonical)]), Ct)).Fate);
        Assert.Single(Assert.Single(Assert.Single(Read(Assert.Single(receiver.Arrived).Body).ResourceLogs).ScopeLogs).LogRecords);
    }

    private static byte[] Canonical(AuditOutcome outcome, string correlation)
    {
        var actor = Actor.System with { DisplayName = "Ünicode \u0001 \u2028 </script> 🔑", CorrelationId = correlation, Roles = new HashSet<PortalRole> { PortalRole.Approver, PortalRole.Auditor } };
        return new CanonicalEvent().Take(new AuditEvent(AuditCode.RequestDenied, outcome, actor, new AuditSubject { VaultName = "kv", PolicyVersion = 3 }, new AuditDetail("why", "line\r\n\ttwo"), PortalWorld.Start)).Json().ToArray();
    }

    private static ExportLogsServiceRequest Read(byte[] sent) => JsonParser.Default.Parse<ExportLogsServiceRequest>(Turned(sent).ToJsonString());

    private static JsonNode Turned(byte[] sent)
    {
        var request = JsonNode.Parse(sent)!;
        foreach (var record in request.AsObject().SelectMany(r => r.Value!.AsArray()).SelectMany(r => r!["scopeLogs"]?.AsArray() ?? []).SelectMany(s => s!["logRecords"]?.AsArray() ?? []))
            if (record!["traceId"] is { } trace)
                record["traceId"] = Convert.ToBase64String(Convert.FromHexString(trace.GetValue<string>()));
        return request;
    }
}
