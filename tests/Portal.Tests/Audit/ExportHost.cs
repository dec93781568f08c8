using System.Net.Http.Headers;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;
using Portal.Tests.World;
using Portal.Web.Audit;
using Portal.Web.Hosting;
using Portal.Web.SignIn;

namespace Portal.Tests.Audit;

/// <summary>The export's addresses on Kestrel, since only a real connection shows how an answer ends. Whoever the request says asks.</summary>
internal sealed class ExportHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client;

    private ExportHost(PortalWorld world, WebApplication app, BreakingReading reading)
    {
        (World, _app, Reading) = (world, app, reading);
        _client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public PortalWorld World { get; }

    /// <summary>Breaks the reading of the trail.</summary>
    public BreakingReading Reading { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ExportHost> StartAsync()
    {
        var world = await PortalWorld.OpenAsync(empty: true);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        world.AddTo(builder.Services);
        var reading = new BreakingReading(world.Get<IAuditReading>());
        builder.Services.AddSingleton<IAuditReading>(reading);
        builder.Services.AddSingleton<ExportProgress>().AddTransient<EvidenceZip>();
        builder.Services.AddMemoryCache().AddSingleton<RecentStandings>();
        builder.Services.AddLocalization().AddProblemDetails();
        builder.Services.AddRateLimits();
        var app = builder.Build();
        app.UseExceptionHandler();
        app.Use((context, next) =>
        {
            var person = Company.Everyone.Single(p => p.Upn == context.Request.Headers["X-Person"]);
            context.User = new ClaimsPrincipal(new ClaimsIdentity(
                [new("oid", person.ObjectId.ToString()), new("tid", Company.Tenant.ToString()), new("name", person.Name), .. person.Roles.Select(role => new Claim("roles", role.ToString()))], "test", "name", "roles"));
            return next(context);
        });
        app.UseRouting();
        app.UseRateLimiter();
        app.MapAudit();
        app.MapAuditLog();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new ExportHost(world, app, reading);
    }

    /// <summary>Asks.</summary>
    /// <param name="url">For what.</param>
    /// <param name="who">As whom.</param>
    /// <param name="until">How much to wait for.</param>
    /// <param name="from">The first byte; null for all.</param>
    /// <param name="tag">Only if it is still that file; all of it otherwise.</param>
    /// <param name="match">Only if it is still that file; nothing otherwise.</param>
    public async Task<HttpResponseMessage> GetAsync(string url, TestPerson who, HttpCompletionOption until = HttpCompletionOption.ResponseContentRead, long? from = null, string? tag = null, string? match = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { { "X-Person", who.Upn } } };
        if (from is { } first)
            request.Headers.Range = new RangeHeaderValue(first, null);
        if (tag is not null)
            request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue(tag));
        if (match is not null)
            request.Headers.IfMatch.Add(new EntityTagHeaderValue(match));
        return await _client.SendAsync(request, until, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        await World.DisposeAsync();
    }

    /// <summary>The database's own way of reading, which breaks at one of its places. What it reads at once, it reads in no order.</summary>
    internal sealed class BreakingReading(IAuditReading real) : IAuditReading
    {
        private int _reads;

        /// <summary>The position in the log at which it breaks.</summary>
        public long? BreakAt { get; set; }

        /// <summary>Told at each turn, before it reads, which one it is.</summary>
        public Action<int>? BeforeRead { get; set; }

        public async Task ReadAsync(PortalDb db, IQueryable query, AuditRows into, CancellationToken ct)
        {
            BeforeRead?.Invoke(Interlocked.Increment(ref _reads));
            await real.ReadAsync(db, query, into, ct);
            if (Enumerable.Range(0, into.Count).Any(row => into.Position(row) == BreakAt))
                throw new IOException("gone");
        }
    }
}
