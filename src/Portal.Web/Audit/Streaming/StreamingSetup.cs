using Portal.Core.Audit.Streaming;
using Portal.Web.Hosting;
using Portal.Web.Workers;

namespace Portal.Web.Audit.Streaming;

/// <summary>Puts together what sends the audit trail out.</summary>
public static class StreamingSetup
{
    /// <summary>Registers the destinations of the configuration, who sends to them, and the health check.</summary>
    public static void AddAuditStreams(this WebApplicationBuilder builder)
    {
        builder.Services.AddStreamDestinations();
        builder.Services.AddSingleton<WebhookSender>().AddSingleton<OtlpSender>().AddSingleton<IStreamSender, StreamSenders>();
        builder.Services.AddWorker<AuditStreamWorker>();
        builder.Services.AddHealthChecks().AddCheck<StreamHealth>("streams", tags: [Operations.ReadyTag]);
    }

    /// <summary>Registers the destinations alone, for a host that sends nothing.</summary>
    public static void AddStreamDestinations(this IServiceCollection services)
    {
        // Read late, so that a host that brings its own configuration is heard. What is wrong was said at the start.
        services.AddSingleton<IReadOnlyList<ConfiguredStream>>(provider => ConfiguredStreams.Read(provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<IHostEnvironment>(), []));
        services.AddSingleton(provider => new StreamOptions([.. provider.GetRequiredService<IReadOnlyList<ConfiguredStream>>().Select(s => s.Destination)]));
    }
}
