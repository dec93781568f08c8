using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Streaming;
using Portal.Tests.World;
using Portal.Web.Audit.Streaming;

namespace Portal.Tests.Audit.Streaming;

/// <summary>A receiver of OTLP that somebody else wrote, as a process: the dashboard of .NET Aspire, which takes logs over HTTP and says over HTTP what it has. <c>PORTAL_TEST_OTLP</c> names the program (see CONTRIBUTING.md).</summary>
public sealed class OtlpReceiverTests
{
    private const string ProgramVariable = "PORTAL_TEST_OTLP";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_sent_stands_there_as_it_was_sealed()
    {
        var program = Environment.GetEnvironmentVariable(ProgramVariable);
        Assert.SkipWhen(string.IsNullOrEmpty(program), $"No receiver: {ProgramVariable} does not name the Aspire dashboard's program.");
        using var dashboard = Start(program!);
        try
        {
            var (logs, page) = await AddressesAsync(dashboard);
            var canonical = """{"actor_name":"Ada \"Größe\" 🔑","code":"request.denied","correlation_id":"0af7651916cd43dd8448eb211c80319c","outcome":"Refused","policy_version":3}""";
            var bytes = Encoding.UTF8.GetBytes(canonical);
            var destination = new StreamDestination("dashboard", new Uri(logs, "/v1/logs"));
            using var sender = new OtlpSender([new OtlpStream(destination, null)], TimeProvider.System);
            var message = new StreamMessage("dashboard", 0, [new StreamedEvent(4711, MerkleTree.Leaf(bytes), PortalWorld.Start, "request.denied", bytes), new StreamedEvent(4712, new byte[32], null, null, null)]);
            Assert.Equal(StreamAnswer.Delivered, await sender.SendAsync(destination, message, Ct));

            using var http = new HttpClient { BaseAddress = page };
            using var kept = JsonDocument.Parse(await http.GetStringAsync("/api/telemetry/logs", Ct));
            Assert.Equal(2, kept.RootElement.GetProperty("totalCount").GetInt32());
            var resource = Assert.Single(kept.RootElement.GetProperty("data").GetProperty("resourceLogs").EnumerateArray());
            Assert.Equal("access-portal", ValueOf(resource.GetProperty("resource"), "service.name"));
            var records = resource.GetProperty("scopeLogs").EnumerateArray().SelectMany(s => s.GetProperty("logRecords").EnumerateArray()).ToDictionary(r => ValueOf(r, "portal.audit.position")!);
            var record = records["4711"];
            Assert.Equal(canonical, record.GetProperty("body").GetProperty("stringValue").GetString());
            Assert.Equal("0af7651916cd43dd8448eb211c80319c", record.GetProperty("traceId").GetString());
            Assert.Equal((PortalWorld.Start.ToUnixTimeMilliseconds() * 1_000_000).ToString(System.Globalization.CultureInfo.InvariantCulture), record.GetProperty("timeUnixNano").GetString());
            Assert.Equal(13, record.GetProperty("severityNumber").GetInt32());
            Assert.Equal(Convert.ToHexStringLower(MerkleTree.Leaf(bytes)), ValueOf(record, "portal.audit.leaf_hash"));
            Assert.Equal("3", ValueOf(record, "portal.audit.policy_version"));
            Assert.Equal("true", ValueOf(records["4712"], "portal.audit.pruned"), ignoreCase: true);
        }
        finally
        {
            dashboard.Kill(entireProcessTree: true);
            await dashboard.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static string? ValueOf(JsonElement of, string key) =>
        of.GetProperty("attributes").EnumerateArray().Single(a => a.GetProperty("key").GetString() == key).GetProperty("value").EnumerateObject().Single().Value.ToString();

    private static Process Start(string program)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, WorkingDirectory = Path.GetDirectoryName(program)! };
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)
            [("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "http://127.0.0.1:0"), ("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "http://127.0.0.1:0"), ("ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS", "true")])
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Where it listens, as it says itself: for logs, and with its pages.</summary>
    private static async Task<(Uri Logs, Uri Page)> AddressesAsync(Process dashboard)
    {
        Uri? logs = null, page = null;
        while (logs is null || page is null)
        {
            var line = await dashboard.StandardOutput.ReadLineAsync(Ct) ?? throw new InvalidOperationException("The dashboard ended.");
            if (line.Trim().Split("OTLP/HTTP listening on: ") is [_, var http])
                logs ??= new Uri(http);
            else if (line.Trim().Split("Now listening on: ") is ["", var own])
                page ??= new Uri(own);
        }

        // What it says later is read as well, or it would wait for a reader.
        _ = dashboard.StandardOutput.ReadToEndAsync(CancellationToken.None);
        return (logs, page);
    }
}
