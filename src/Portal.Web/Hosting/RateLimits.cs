using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Identity.Web;

namespace Portal.Web.Hosting;

/// <summary>How often one person, or one address that has not signed in, may call. A page costs about five calls.</summary>
public static class RateLimits
{
    /// <summary>The policy for endpoints that start a sign-in.</summary>
    public const string SignIn = "sign-in";

    /// <summary>The policy for exports, each of which reads a large part of the database.</summary>
    public const string Export = "export";

    /// <summary>Exports per minute of one person.</summary>
    public const int ExportsPerPerson = 10;

    /// <summary>Calls per minute of one signed-in person, over all their tabs.</summary>
    public const int PerPerson = 600;

    /// <summary>Calls per minute of one address that has not signed in; an office may stand behind one address.</summary>
    public const int PerAddress = 300;

    /// <summary>Sign-ins per minute from one address.</summary>
    public const int SignInsPerAddress = 60;

    /// <summary>Registers the limits.</summary>
    public static IServiceCollection AddRateLimits(this IServiceCollection services) => services.AddRateLimiter(limiter =>
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
            // The page that explains a refusal is part of the call that was refused: counted again, it would be refused as well.
            ShowsProblem(context) ? RateLimitPartition.GetNoLimiter("problem")
            : context.User.GetObjectId() is { } person ? Bucket("person:" + person, PerPerson) : Bucket("address:" + AddressOf(context), PerAddress));
        limiter.AddPolicy(SignIn, context => Bucket("sign-in:" + AddressOf(context), SignInsPerAddress));
        limiter.AddPolicy(Export, context => Bucket("export:" + (context.User.GetObjectId() ?? AddressOf(context)), ExportsPerPerson));
        limiter.OnRejected = (rejected, _) =>
        {
            var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
            rejected.HttpContext.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return ValueTask.CompletedTask; // The body is written by the problem pages, as for any other status.
        };
    });

    private static RateLimitPartition<string> Bucket(string key, int perMinute) => RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
    {
        TokenLimit = perMinute,
        TokensPerPeriod = Math.Max(1, perMinute / 60),
        ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, 60 / perMinute)),
        QueueLimit = 0,
    });

    private static bool ShowsProblem(HttpContext context) =>
        context.Features.Get<IStatusCodeReExecuteFeature>() is not null || context.Features.Get<IExceptionHandlerFeature>() is not null;

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unknown";
}
