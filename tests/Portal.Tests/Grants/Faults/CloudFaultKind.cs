using System.Globalization;
using Portal.Sandbox.Control;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Faults;

/// <summary>A way in which a call goes wrong. Each lasts for some calls and is then over by itself, as it would be in Azure.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Make">Makes it; the clock is the cloud's.</param>
/// <param name="Times">For how many calls it lasts.</param>
/// <param name="Patience">How long the client is to wait for a call; null for as long as in production.</param>
public sealed record CloudFaultKind(string Name, Func<TimeProvider, Fault> Make, int Times = 1, TimeSpan? Patience = null)
{
    private const string MoreClaims = """{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}""";

    public static IReadOnlyList<CloudFaultKind> All { get; } =
    [
        Code(403, "AuthorizationFailed", times: 3),
        Code(401, "ExpiredAuthenticationToken"),
        new("401 more claims", _ => Fault.ClaimsChallenge(MoreClaims)),
        Code(404, "ResourceNotFound"),
        Code(404, "RoleDefinitionDoesNotExist"),
        Code(404, "SubscriptionNotFound"),
        Code(409, "ReadOnlyDisabledSubscription", times: 2),
        Code(409, "ScopeLocked", times: 2),
        Code(400, "PrincipalNotFound", times: 4),
        Throttled("30"),
        Throttled("0"),
        Throttled("3600"),
        Throttled(null),
        new("429 until a date", clock => Fault.Error(429, "SubscriptionRequestsThrottled", retryAfter: clock.GetUtcNow().AddSeconds(45).ToString("R", CultureInfo.InvariantCulture))),
        .. from status in (int[])[500, 502, 503, 504]
           from fault in (CloudFaultKind[])[Code(status, "InternalServerError", times: 3), new($"{status} as HTML", _ => Fault.Html(status), 3), new($"{status} empty", _ => Fault.Empty(status), 3)]
           select fault,
        new("truncated", _ => Fault.Truncated, 2),
        new("200 with an error", _ => Fault.Error(200, "InternalServerError"), 2),
        new("200 as HTML", _ => Fault.Html(200), 2),
        new("500 after the effect", _ => Fault.Error(500, "InternalServerError", afterEffect: true), 2),
        new("reset before", _ => Fault.ResetBefore, 3),
        new("reset after", _ => Fault.ResetAfter, 3),
        // The client leaves; the call arrives a little later and is carried out.
        TooLate("answered too late"),
    ];

    public static CloudFaultKind Find(string name) => All.Single(f => f.Name == name);

    /// <summary>An answer after the client left.</summary>
    public static CloudFaultKind TooLate(string name) => new(name, _ => Fault.Delay(SandboxWorld.ShortPatience + TimeSpan.FromMilliseconds(300)), Patience: SandboxWorld.ShortPatience);

    public override string ToString() => Name;

    private static CloudFaultKind Code(int status, string code, int times = 1) => new($"{status} {code}", _ => Fault.Error(status, code), times);

    private static CloudFaultKind Throttled(string? retryAfter) =>
        new($"429 {(retryAfter is null ? "without a time" : $"for {retryAfter} s")}", _ => Fault.Error(429, "SubscriptionRequestsThrottled", retryAfter: retryAfter), 2);
}
