using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Portal.Web.Audit.Streaming;

namespace Portal.Tests.Audit.Streaming;

public sealed class ConfiguredStreamsTests : IDisposable
{
    private const string Secret = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";

    private readonly string _file = Path.GetTempFileName();

    public ConfiguredStreamsTests() => File.WriteAllText(_file, Secret);

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Complete_streams_are_read_in_order()
    {
        var faults = new List<string>();
        var streams = ConfiguredStreams.Read(Configuration(
            Stream(0, ("Name", "siem"), ("Url", "https://siem.example/hook"), ("SecretFile", _file)),
            Stream(1, ("Name", "archive"), ("Url", "https://archive.example/in"), ("SecretFile", _file))), new Environment("Production"), faults);
        Assert.Empty(faults);
        Assert.Equal(["siem", "archive"], streams.Select(s => s.Destination.Name));
    }

    [Theory]
    [InlineData("Name", "Siem Prod", "Name")]
    [InlineData("Name", "", "Name")]
    [InlineData("Url", "siem.example", "Url")]
    [InlineData("Url", "http://siem.example/", "Url")]
    [InlineData("Url", "https://user:canary@siem.example/", "Url")]
    [InlineData("Url", "ftp://siem.example/", "Url")]
    [InlineData("SecretFile", "/no/such/file", "SecretFile")]
    [InlineData("SecretFile", "", "SecretFile")]
    [InlineData("SecretVariable", "PORTAL_TEST_NOT_SET", "SecretFile")]
    [InlineData("Secret", "whsec_canary", "Secret")]
    [InlineData("Adress", "x", "Adress")]
    public void What_is_wrong_is_named_and_no_secret_is_repeated(string key, string value, string named)
    {
        var faults = new List<string>();
        var settings = new Dictionary<string, string> { ["Name"] = "siem", ["Url"] = "https://siem.example/hook", ["SecretFile"] = _file, [key] = value };
        Assert.Empty(ConfiguredStreams.Read(Configuration(Stream(0, [.. settings.Select(s => (s.Key, s.Value))])), new Environment("Production"), faults));
        Assert.StartsWith($"AuditStreams:0:{named}: ", Assert.Single(faults), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", faults[0], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5")]
    [InlineData("whsec_Y2FuYXJ5")]
    [InlineData("whsec_canary canary canary")]
    [InlineData("")]
    [InlineData("@Microsoft.KeyVault(SecretUri=https://canary.vault.azure.net/secrets/canary)")]
    public void A_secret_that_is_none_stops_the_start_and_is_not_shown(string secret)
    {
        File.WriteAllText(_file, secret);
        var faults = new List<string>();
        ConfiguredStreams.Read(Configuration(Stream(0, ("Name", "siem"), ("Url", "https://siem.example/hook"), ("SecretFile", _file))), new Environment("Production"), faults);
        Assert.StartsWith("AuditStreams:0:SecretFile: ", Assert.Single(faults), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", faults[0], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void An_otlp_stream_needs_no_secret_and_may_carry_one_in_a_header()
    {
        var faults = new List<string>();
        File.WriteAllText(_file, "Bearer canary\n");
        var streams = ConfiguredStreams.Read(Configuration(
            Stream(0, ("Name", "open"), ("Kind", "otlp"), ("Url", "https://collector.example/v1/logs")),
            Stream(1, ("Name", "usual"), ("Kind", "otlp"), ("Url", "https://collector.example/v1/logs"), ("SecretFile", _file)),
            Stream(2, ("Name", "own"), ("Kind", "otlp"), ("Url", "https://collector.example/v1/logs"), ("Header", "api-key"), ("SecretFile", _file))), new Environment("Production"), faults);
        Assert.Empty(faults);
        Assert.Equal([null, "Authorization", "api-key"], streams.Cast<OtlpStream>().Select(s => s.Header?.Name));
        Assert.Equal("Bearer canary", ((OtlpStream)streams[2]).Header!.Read());
    }

    [Theory]
    [InlineData("Kind", "syslog", "Kind")]
    [InlineData("Kind", "webhook", "Header")]
    [InlineData("Url", "http://collector.example/v1/logs", "Url")]
    [InlineData("Header", "api key", "Header")]
    [InlineData("Header", "Content-Type", "Header")]
    [InlineData("Header", "host", "Header")]
    [InlineData("SecretFile", "", "SecretFile")]
    [InlineData("SecretFile", "/no/such/file", "SecretFile")]
    [InlineData("Secret", "canary", "Secret")]
    [InlineData("Headers", "canary", "Headers")]
    public void What_is_wrong_with_an_otlp_stream_is_named_too(string key, string value, string named)
    {
        var faults = new List<string>();
        var settings = new Dictionary<string, string> { ["Name"] = "siem", ["Kind"] = "otlp", ["Url"] = "https://collector.example/v1/logs", ["Header"] = "api-key", ["SecretFile"] = _file, [key] = value };
        Assert.Empty(ConfiguredStreams.Read(Configuration(Stream(0, [.. settings.Select(s => (s.Key, s.Value))])), new Environment("Production"), faults));
        Assert.StartsWith($"AuditStreams:0:{named}: ", Assert.Single(faults), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", faults[0], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("Bearer canary\nX-Other: canary")]
    [InlineData("Bearer canäry")]
    [InlineData("@Microsoft.KeyVault(SecretUri=https://canary.vault.azure.net/secrets/canary)")]
    public void A_header_value_that_is_none_stops_the_start_and_is_not_shown(string value)
    {
        File.WriteAllText(_file, value);
        var faults = new List<string>();
        ConfiguredStreams.Read(Configuration(Stream(0, ("Name", "siem"), ("Kind", "otlp"), ("Url", "https://collector.example/v1/logs"), ("SecretFile", _file))), new Environment("Production"), faults);
        Assert.StartsWith("AuditStreams:0:SecretFile: ", Assert.Single(faults), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", faults[0], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Two_of_one_name_are_refused_and_plain_http_is_for_development()
    {
        var faults = new List<string>();
        var twice = Configuration(
            Stream(0, ("Name", "siem"), ("Url", "http://127.0.0.1/a"), ("SecretFile", _file)),
            Stream(1, ("Name", "siem"), ("Url", "http://127.0.0.1/b"), ("SecretFile", _file)));
        ConfiguredStreams.Read(twice, new Environment("Development"), faults);
        Assert.Equal("AuditStreams:1:Name: 'siem' is there twice.", Assert.Single(faults));
    }

    private static IEnumerable<KeyValuePair<string, string?>> Stream(int index, params (string Key, string Value)[] settings) =>
        settings.Where(s => s.Value.Length > 0).Select(s => new KeyValuePair<string, string?>($"AuditStreams:{index}:{s.Key}", s.Value)).Prepend(new($"AuditStreams:{index}:Name", null));

    private static IConfiguration Configuration(params IEnumerable<KeyValuePair<string, string?>>[] streams) =>
        new ConfigurationBuilder().AddInMemoryCollection(streams.SelectMany(s => s).GroupBy(s => s.Key).Select(g => g.Last())).Build();

    private sealed class Environment(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;

        public string ApplicationName { get; set; } = "Portal";

        public string ContentRootPath { get; set; } = "/";

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
