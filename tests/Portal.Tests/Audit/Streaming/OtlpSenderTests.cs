using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Portal.Core.Audit.Streaming;
using Portal.Tests.Web.Hosting;
using Portal.Tests.World;
using Portal.Web.Audit.Streaming;
using Portal.Web.Workers;

namespace Portal.Tests.Audit.Streaming;

/// <summary>The wire to an OTLP receiver on a real socket, and what its answers come to.</summary>
public sealed class OtlpSenderTests : IAsyncLifetime
{
    private static readonly StreamMessage Message = new("collector", 0, [new StreamedEvent(7, new byte[32], PortalWorld.Start, "request.submitted", "{\"code\":\"request.submitted\"}"u8.ToArray())]);

    private readonly string _secretFile = Path.GetTempFileName();
    private readonly FakeTimeProvider _clock = new(PortalWorld.Start);
    private WebhookReceiver _receiver = null!;
    private OtlpSender _sender = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_secretFile, "Bearer canary-token\n", Ct);
        _receiver = await WebhookReceiver.StartAsync();
        _sender = new OtlpSender([new OtlpStream(Destination, new OtlpHeader("Authorization", _secretFile, null))], _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _sender.Dispose();
        await _receiver.DisposeAsync();
        File.Delete(_secretFile);
    }

    private StreamDestination Destination => new("collector", new Uri(_receiver.Address, "/otlp/v1/logs"));

    [Fact]
    public async Task What_arrives_is_the_request_in_json_with_the_header_of_this_moment()
    {
        Assert.Equal(StreamAnswer.Delivered, await _sender.SendAsync(Destination, Message, Ct));
        await File.WriteAllTextAsync(_secretFile, "ApiKey next", Ct);
        Assert.Equal(StreamAnswer.Delivered, await _sender.SendAsync(Destination, Message, Ct));
        Assert.Equal(["Bearer canary-token", "ApiKey next"], _receiver.Arrived.Select(a => a.Headers["Authorization"]));
        var arrived = _receiver.Arrived.First();
        Assert.Equal(("/otlp/v1/logs", "application/json"), (arrived.Target, arrived.Headers["Content-Type"]));
        Assert.Equal(OtlpLogs.Of(Message, _clock.GetUtcNow()), arrived.Body);
        Assert.DoesNotContain(arrived.Headers.Keys, name => name.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_receiver_without_a_secret_gets_no_header()
    {
        using var sender = new OtlpSender([new OtlpStream(Destination, null)], _clock);
        Assert.Equal(StreamAnswer.Delivered, await sender.SendAsync(Destination, Message, Ct));
        Assert.False(Assert.Single(_receiver.Arrived).Headers.ContainsKey("Authorization"));
    }

    [Theory]
    [InlineData("", StreamFate.Delivered, "")]
    [InlineData("{}", StreamFate.Delivered, "")]
    [InlineData("{\"partialSuccess\":null}", StreamFate.Delivered, "")]
    [InlineData("{\"partialSuccess\":{}}", StreamFate.Delivered, "")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"0\",\"errorMessage\":\"a warning\"}}", StreamFate.Delivered, "")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"3\",\"errorMessage\":\"canary\"}}", StreamFate.Rejected, "PartialSuccess: 3 log records rejected")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":1}}", StreamFate.Rejected, "PartialSuccess: 1 log records rejected")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"many\"}}", StreamFate.Failed, "NotOtlp")]
    [InlineData("{\"partialSuccess\":7}", StreamFate.Failed, "NotOtlp")]
    [InlineData("[]", StreamFate.Failed, "NotOtlp")]
    [InlineData("<html>Sign in</html>", StreamFate.Failed, "NotOtlp")]
    public async Task A_success_is_one_when_it_says_so_and_a_part_that_is_rejected_is_said(string body, StreamFate fate, string fault)
    {
        _receiver.Answer = context => context.Response.WriteAsync(body, context.RequestAborted);
        Assert.Equal(new StreamAnswer(fate, fault), await _sender.SendAsync(Destination, Message, Ct));
    }

    [Fact]
    public async Task An_answer_without_end_and_one_that_breaks_off_are_faults_to_try_again()
    {
        _receiver.Answer = context => context.Response.WriteAsync("{\"x\":\"" + new string('x', 100_000), context.RequestAborted);
        Assert.Equal(new StreamAnswer(StreamFate.Failed, "NotOtlp"), await _sender.SendAsync(Destination, Message, Ct));
        _receiver.Answer = async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("{", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        };
        var cut = await _sender.SendAsync(Destination, Message, Ct);
        Assert.Equal(StreamFate.Failed, cut.Fate);
        Assert.Contains(cut.Fault, (string[])["ResponseEnded", "Unknown"]);
    }

    [Theory]
    [InlineData(307, StreamFate.Failed, "Http307")]
    [InlineData(400, StreamFate.Failed, "Http400")]
    [InlineData(401, StreamFate.Failed, "Http401")]
    [InlineData(410, StreamFate.Gone, "Http410")]
    [InlineData(429, StreamFate.Failed, "Http429")]
    [InlineData(503, StreamFate.Failed, "Http503")]
    public async Task Every_other_answer_means_what_it_means_for_a_webhook(int status, StreamFate fate, string fault)
    {
        _receiver.Answer = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            context.Response.Headers.RetryAfter = "120";
            return Task.CompletedTask;
        };
        Assert.Equal(new StreamAnswer(fate, fault, fate == StreamFate.Failed ? TimeSpan.FromMinutes(2) : null), await _sender.SendAsync(Destination, Message, Ct));
        Assert.Single(_receiver.Arrived);
    }

    [Fact]
    public async Task A_receiver_that_stops_in_the_middle_of_its_answer_is_given_up_in_time()
    {
        var asked = new TaskCompletionSource();
        _receiver.Answer = async context =>
        {
            await context.Response.WriteAsync("{", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        var sending = _sender.SendAsync(Destination, Message, Ct);
        await asked.Task.WaitAsync(Ct);
        _clock.Advance(WebhookSender.Patience);
        Assert.Equal(new StreamAnswer(StreamFate.Failed, "Timeout"), await sending);
    }

    [Fact]
    public async Task A_secret_that_is_gone_is_a_fault_to_try_again_and_nothing_is_sent_without_it()
    {
        File.Delete(_secretFile);
        Assert.StartsWith("SecretUnusable: ", (await _sender.SendAsync(Destination, Message, Ct)).Fault, StringComparison.Ordinal);
        Assert.Empty(_receiver.Arrived);
    }

    [Fact]
    public async Task The_whole_machinery_delivers_it_and_tells_the_secret_to_nobody()
    {
        using var telltales = new Telltales();
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.ClearProviders().AddProvider(telltales).SetMinimumLevel(LogLevel.Trace));
        world.AddTo(services);
        var configured = new OtlpStream(Destination, new OtlpHeader("Authorization", _secretFile, null));
        services.AddSingleton<IReadOnlyList<ConfiguredStream>>([configured]).AddSingleton(new StreamOptions([configured.Destination]));
        services.AddSingleton<WebhookSender>().AddSingleton<OtlpSender>().AddSingleton<IStreamSender, StreamSenders>().AddSingleton<AuditStreamWorker>();
        await using var host = services.BuildServiceProvider();
        var answers = new Queue<(int Status, string Body)>([(503, ""), (200, "{}"), (200, "{\"partialSuccess\":{\"rejectedLogRecords\":\"1\"}}")]);
        var rejected = new TaskCompletionSource();
        _receiver.Answer = async context =>
        {
            (context.Response.StatusCode, var body) = answers.Dequeue();
            await context.Response.WriteAsync(body, context.RequestAborted);
            if (answers.Count == 0)
                rejected.SetResult();
        };
        var worker = host.GetRequiredService<AuditStreamWorker>();
        await worker.StartAsync(Ct);
        while (!rejected.Task.IsCompleted)
        {
            await TestLog.SealAsync(world);
            if (_receiver.Arrived.Count == 2)
                await TestLog.WriteAsync(world, 1);
            world.Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(rejected.Task, Task.Delay(20, Ct));
        }

        await worker.StopAsync(Ct);
        var arrived = _receiver.Arrived.ToList();
        Assert.Equal(arrived[0].Body, arrived[1].Body);
        Assert.Contains("audit.stream_opened", Encoding.UTF8.GetString(arrived[0].Body), StringComparison.Ordinal);
        Assert.Contains(telltales.Told, told => told.Source.Contains("AuditStreamWorker", StringComparison.Ordinal));
        Assert.DoesNotContain(telltales.Told, told => told.Text.Contains("canary", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(telltales.Told, told => told.Text.Contains("/otlp/", StringComparison.OrdinalIgnoreCase));
    }
}
