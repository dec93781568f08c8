using Microsoft.Net.Http.Headers;

namespace Portal.Web.Hosting;

/// <summary>Only the portal's own pages may connect to it. No browser asks before it opens a WebSocket to another origin, and to another host or port of the same site it sends the sign-in cookie along.</summary>
public static partial class CircuitOrigin
{
    /// <summary>Under which the circuits of all pages connect.</summary>
    public const string Circuit = "/_blazor";

    // So much of what a stranger sent is enough to see what is wrong.
    private const int MostLogged = 200;

    /// <summary>Refuses circuits that another origin's page asks for. Has to come after the forwarded headers, which say what this host is called outside.</summary>
    public static IApplicationBuilder UseCircuitOrigin(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(CircuitOrigin));
        return app.Use((context, next) =>
        {
            var request = context.Request;
            if (!request.Path.StartsWithSegments(Circuit) || MayPass(request))
                return next(context);
            var origin = request.Headers.Origin.ToString();
            LogRefused(logger, origin.Length > MostLogged ? origin[..MostLogged] : origin, request.Scheme, request.Host.Value);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        });
    }

    /// <summary>What names an origin has to name this one. What names none may only read: browsers name theirs with every WebSocket and with all but GET and HEAD.</summary>
    private static bool MayPass(HttpRequest request) => request.Headers.Origin.Count == 0
        ? (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) && !request.Headers.ContainsKey(HeaderNames.Upgrade)
        : request.Headers.Origin is [{ } origin] && IsOwn(origin, request);

    private static bool IsOwn(string origin, HttpRequest request) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var named)
        && Uri.TryCreate($"{request.Scheme}://{request.Host.Value}", UriKind.Absolute, out var own)
        && named.Scheme == own.Scheme && named.Port == own.Port && named.Host.Equals(own.Host, StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(LogLevel.Warning, "A page of {Origin} was refused a connection to {Scheme}://{Host}. Behind a proxy that is the portal's own, the forwarded headers do not arrive")]
    private static partial void LogRefused(ILogger logger, string origin, string scheme, string? host);
}
