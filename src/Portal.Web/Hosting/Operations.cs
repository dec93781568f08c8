using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Portal.Web.Hosting;

/// <summary>What whoever runs the portal needs: health, logs, traces, metrics.</summary>
public static class Operations
{
    /// <summary>Ready to serve: the portal is prepared and the database answers.</summary>
    public const string Ready = "/health";

    /// <summary>The process lives.</summary>
    public const string Alive = "/alive";

    /// <summary>Checks with this tag decide <see cref="Ready"/>.</summary>
    public const string ReadyTag = "ready";

    // The weakest of all sources: whatever an operator configures wins. Without it every SQL command would be a line in the log.
    private static readonly Dictionary<string, string?> QuietFrameworks = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information",
        ["Logging:LogLevel:System.Net.Http"] = "Warning",
        ["Logging:LogLevel:Quartz"] = "Warning",
    };

    /// <summary>Registers health checks, logs and telemetry.</summary>
    public static void AddOperations(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddHealthChecks().AddCheck<ClockHealth>("clock", tags: [ReadyTag]).AddCheck<ScheduleHealth>("schedules", tags: [ReadyTag]).AddCheck<SealingHealth>("sealing", tags: [ReadyTag]).AddCheck<PolicyHealth>("policies", tags: [ReadyTag]).AddCheck<CatalogHealth>("catalog", tags: [ReadyTag]);
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = QuietFrameworks });
        // Both tell of every call at Information; the second also says what is in a token.
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning).AddFilter("Microsoft.IdentityModel", LogLevel.Warning);
        // At Trace it writes the whole answer of a sign-in, the code in it included.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Authentication.OpenIdConnect", LogLevel.Warning);
        if (!builder.Environment.IsDevelopment())
            builder.Logging.ClearProviders().AddJsonConsole(json =>
            {
                json.UseUtcTimestamp = true;
                json.IncludeScopes = true;
                json.TimestampFormat = "O";
                json.JsonWriterOptions = new JsonWriterOptions { Indented = false };
            });

        var telemetry = builder.Services.AddOpenTelemetry()
            .WithTracing(traces => traces
                .AddSource("Portal.*", "System.Net.Http", "Microsoft.AspNetCore.Components")
                .AddAspNetCoreInstrumentation(http => http.Filter = context => context.Request.Path != Ready && context.Request.Path != Alive))
            .WithMetrics(metrics => metrics
                .AddMeter("Portal.*", "System.Net.Http", "Microsoft.AspNetCore.Components", "Microsoft.AspNetCore.Components.Server.Circuits")
                .AddAspNetCoreInstrumentation());
        if (!string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            telemetry.UseOtlpExporter();
    }

    /// <summary>Answers the health addresses: to anyone, and so without details (of what is degraded, or a disk that failed, what that means), before sign-in, routing and rate limits are even looked at. How ready the portal is is looked at once a second (<see cref="Readiness"/>).</summary>
    public static void UseOperations(this WebApplication app)
    {
        app.UseHealthChecks(Alive, new HealthCheckOptions { Predicate = _ => false });
        // The checks ask a database whose schema has to be there.
        var start = app.Services.GetRequiredService<PortalStart>();
        app.MapWhen(context => context.Request.Path == Ready && !start.Prepared.IsCompleted, starting => starting.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return context.Response.WriteAsync("Starting");
        }));
        var readiness = app.Services.GetRequiredService<Readiness>();
        app.MapWhen(context => context.Request.Path == Ready, ready => ready.Run(async http => await SayAsync(http, await readiness.ReadAsync(http.RequestAborted))));
    }

    private static Task SayAsync(HttpContext http, HealthReport report)
    {
        // What stands between must not keep it any longer than the portal does.
        http.Response.Headers.CacheControl = "no-store, no-cache";
        http.Response.StatusCode = report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        // With an exception, the description is its message, and nobody knows what that holds.
        var said = report.Entries.Values.Where(e => e.Status != HealthStatus.Healthy && e.Exception is null && e.Description is not null).Select(e => $"\n{e.Description}");
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(report.Status + string.Concat(said));
    }

    /// <summary>Prints the address to open, once it is known.</summary>
    public static void SayWhereItListens(this WebApplication app) => app.Lifetime.ApplicationStarted.Register(() =>
    {
        if (app.Environment.IsDevelopment() && app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses is { Count: > 0 } addresses)
            Console.WriteLine($"Portal: {addresses.First()}");
    });
}
