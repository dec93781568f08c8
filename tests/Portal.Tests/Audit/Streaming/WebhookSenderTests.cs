using System.Globalization;
using System.Security.Cryptography;
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

/// <summary>The wire: what a receiver on a real socket gets, and what its answers come to.</summary>
public sealed class WebhookSenderTests : IAsyncLifetime
{
    // The example of the Standard Webhooks specification and of its reference libraries.
    private const string PublishedSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static readonly StreamMessage Message = new("siem", 0, [new StreamedEvent(7, new byte[32], PortalWorld.Start, "request.submitted", "{\"code\":\"request.submitted\"}"u8.ToArray())]);

    private readonly string _secretFile = Path.GetTempFileName();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_614_265_330));
    private WebhookReceiver _receiver = null!;
    private WebhookSender _sender = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_secretFile, PublishedSecret + "\n", Ct);
        _receiver = await WebhookReceiver.StartAsync();
        _sender = new WebhookSender([new WebhookStream(Destination, new WebhookSecretSource(_secretFile, null))], _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _sender.Dispose();
        await _receiver.DisposeAsync();
        File.Delete(_secretFile);
    }

    private StreamDestination Destination => new("siem", _receiver.Address);

    [Fact]
    public void The_published_example_is_signed_as_published() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookSignature.Of(Convert.FromBase64String(PublishedSecret[6..]), "msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1_614_265_330), "{\"test\": 2432232314}"u8));

    [Fact]
    public async Task What_arrives_is_signed_by_every_secret_of_the_file_so_that_one_can_be_rotated()
    {
        var next = RandomNumberGenerator.GetBytes(32);
        await File.WriteAllTextAsync(_secretFile, $"whsec_{Convert.ToBase64String(next)}\n{PublishedSecret}\n", Ct);
        Assert.Equal(StreamFate.Delivered, (await _sender.SendAsync(Destination, Message, Ct)).Fate);
        var arrived = Assert.Single(_receiver.Arrived);
        Assert.Equal("/hook?source=portal", arrived.Target);
        Assert.Equal("application/json", arrived.Headers["Content-Type"]);
        Assert.Equal((Message.Id(), "1614265330"), (arrived.Headers["webhook-id"], arrived.Headers["webhook-timestamp"]));
        Assert.Equal(Message.ToJson(), arrived.Body);
        var signed = Encoding.UTF8.GetBytes($"{Message.Id()}.1614265330.{Encoding.UTF8.GetString(arrived.Body)}");
        Assert.Equal(
            $"v1,{Convert.ToBase64String(HMACSHA256.HashData(next, signed))} v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(PublishedSecret[6..]), signed))}",
            arrived.Headers["webhook-signature"]);
    }

    [Theory]
    [InlineData(200, StreamFate.Delivered, "")]
    [InlineData(202, StreamFate.Delivered, "")]
    [InlineData(301, StreamFate.Failed, "Http301")]
    [InlineData(400, StreamFate.Failed, "Http400")]
    [InlineData(410, StreamFate.Gone, "Http410")]
    [InlineData(429, StreamFate.Failed, "Http429")]
    [InlineData(500, StreamFate.Failed, "Http500")]
    public async Task Every_answer_means_something_and_none_is_followed_or_read(int status, StreamFate fate, string fault)
    {
        _receiver.Answer = async context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            context.Response.Headers.RetryAfter = "120";
            await context.Response.WriteAsync(new string('x', 100_000), context.RequestAborted);
        };
        var answer = await _sender.SendAsync(Destination, Message, Ct);
        Assert.Equal((fate, fault), (answer.Fate, answer.Fault));
        Assert.Equal(fate == StreamFate.Failed ? TimeSpan.FromMinutes(2) : null, answer.RetryAfter);
        Assert.Single(_receiver.Arrived);
    }

    [Fact]
    public async Task A_time_to_come_back_at_is_heard_too()
    {
        _receiver.Answer = context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = _clock.GetUtcNow().AddMinutes(7).ToString("R", CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        };
        Assert.Equal(TimeSpan.FromMinutes(7), (await _sender.SendAsync(Destination, Message, Ct)).RetryAfter);
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_is_given_up_in_time()
    {
        var asked = new TaskCompletionSource();
        _receiver.Answer = async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        var sending = _sender.SendAsync(Destination, Message, Ct);
        await asked.Task.WaitAsync(Ct);
        _clock.Advance(WebhookSender.Patience);
        Assert.Equal(new StreamAnswer(StreamFate.Failed, "Timeout"), await sending);
        Assert.True(WebhookSender.Patience < StreamOptions.Lease / 2);
    }

    [Fact]
    public async Task A_receiver_that_is_not_there_and_a_secret_that_is_gone_are_faults_to_try_again()
    {
        var nowhere = new StreamDestination("siem", new Uri("http://127.0.0.1:1/hook"));
        Assert.Equal(new StreamAnswer(StreamFate.Failed, "ConnectionError"), await _sender.SendAsync(nowhere, Message, Ct));
        await File.WriteAllTextAsync(_secretFile, "whsec_dG9vIHNob3J0", Ct);
        var unusable = await _sender.SendAsync(Destination, Message, Ct);
        Assert.StartsWith("SecretUnusable: ", unusable.Fault, StringComparison.Ordinal);
        Assert.Empty(_receiver.Arrived);
    }

    [Fact]
    public async Task The_secret_and_the_address_behind_the_host_are_told_to_nobody()
    {
        using var telltales = new Telltales();
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.ClearProviders().AddProvider(telltales).SetMinimumLevel(LogLevel.Trace));
        world.AddTo(services);
        var configured = new WebhookStream(new StreamDestination("siem", new Uri(_receiver.Address, "/canary-path?token=canary")), new WebhookSecretSource(_secretFile, null));
        services.AddSingleton<IReadOnlyList<ConfiguredStream>>([configured]).AddSingleton(new StreamOptions([configured.Destination]));
        services.AddSingleton<IStreamSender, WebhookSender>().AddSingleton<AuditStreamWorker>();
        await using var host = services.BuildServiceProvider();
        var statuses = new Queue<int>([500, 301, 410]);
        var gone = new TaskCompletionSource();
        _receiver.Answer = context =>
        {
            context.Response.StatusCode = statuses.Dequeue();
            if (statuses.Count == 0)
                gone.SetResult();
            return Task.CompletedTask;
        };
        var worker = host.GetRequiredService<AuditStreamWorker>();
        await worker.StartAsync(Ct);
        while (!gone.Task.IsCompleted)
        {
            await TestLog.SealAsync(world);
            world.Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(gone.Task, Task.Delay(20, Ct));
        }

        await worker.StopAsync(Ct);
        Assert.Contains("canary-path", _receiver.Arrived.First().Target, StringComparison.Ordinal);
        Assert.Contains(telltales.Told, told => told.Source.Contains("AuditStreamWorker", StringComparison.Ordinal));
        var bytes = Convert.FromBase64String(PublishedSecret[6..]);
        string[] confidential = [PublishedSecret[6..], Convert.ToHexString(bytes), "canary"];
        Assert.DoesNotContain(telltales.Told, told => confidential.Any(c => told.Text.Contains(c, StringComparison.OrdinalIgnoreCase)));
    }
}
