using System.Globalization;
using Portal.Core.Grants;
using Portal.Sandbox.Control;
using Portal.Tests.Sandbox;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Faults;

/// <summary>No token is to be had for a while: whatever the issuer says instead, or does not say, access is given and taken back once it gives tokens again, without a person.</summary>
public sealed class IssuerFaultTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static readonly IReadOnlyList<CloudFaultKind> Kinds =
    [
        Refusal("the secret is wrong", 401, "invalid_client", "AADSTS7000215: Invalid client secret provided."),
        Refusal("the application is gone", 400, "unauthorized_client", "AADSTS700016: Application was not found in the directory."),
        Refusal("access is blocked", 400, "invalid_grant", "AADSTS53003: Access has been blocked by Conditional Access policies."),
        new("429 for 30 s", _ => Fault.Answer(429, Body("temporarily_unavailable", "AADSTS90055: too many requests."), headers: ("Retry-After", "30")), 3),
        new("429 for an hour", _ => Fault.Answer(429, Body("temporarily_unavailable", "AADSTS90055: too many requests."), headers: ("Retry-After", "3600"))),
        new("429 until a date", clock => Fault.Answer(429, Body("temporarily_unavailable", "AADSTS90055: too many requests."), headers: ("Retry-After", clock.GetUtcNow().AddSeconds(45).ToString("R", CultureInfo.InvariantCulture)))),
        new("429 without a time", _ => Fault.Empty(429), 3),
        new("500", _ => Fault.Answer(500, Body("server_error", "AADSTS90033: A transient error has occurred.")), 3),
        new("503 for a minute", _ => Fault.Answer(503, Body("temporarily_unavailable", "AADSTS90033: A transient error has occurred."), headers: ("Retry-After", "60")), 3),
        new("502 as HTML", _ => Fault.Html(502), 3),
        new("504 empty", _ => Fault.Empty(504), 3),
        new("200 as HTML", _ => Fault.Html(200), 3),
        new("200 without a token", _ => Fault.Answer(200, "{}"), 3),
        new("half an answer", _ => Fault.Truncated, 3),
        new("connection reset", _ => Fault.ResetBefore, 3),
        CloudFaultKind.TooLate("no answer in time"),
    ];

    public static TheoryData<string> Names => [.. Kinds.Select(k => k.Name)];

    [Theory, MemberData(nameof(Names))]
    public async Task Without_a_token_nothing_is_lost(string fault)
    {
        var kind = Kinds.Single(k => k.Name == fault);
        await using var world = await SandboxWorld.OpenAsync(sandbox.Host, patience: kind.Patience);
        try
        {
            var promised = await world.PromiseAsync(TimeSpan.FromHours(8));
            await world.RestartAsync();
            var before = Arm(world, kind);
            await SettleAsync(world, async () => (await world.GrantAsync(promised.Id)).State == GrantState.Active && world.Standing.Count == 1);
            Assert.Equal(kind.Times, before.Fired);
            Assert.Equal(promised.EndsAt, AssignmentMark.UntilOf(world.Standing[0].Description));
            Assert.Null((await world.GrantAsync(promised.Id)).AttentionCode);

            world.LeapTo(promised.EndsAt);
            await world.RestartAsync();
            var after = Arm(world, kind);
            await SettleAsync(world, async () => (await world.GrantAsync(promised.Id)).State == GrantState.Ended && world.Standing.Count == 0);
            Assert.Equal(kind.Times, after.Fired);
            var ended = await world.GrantAsync(promised.Id);
            Assert.Equal((GrantEnding.Expired, promised.EndsAt, (string?)null), (ended.Ending, ended.EndsAt, ended.AttentionCode));
            Assert.Single(await world.CodesAsync(promised.Id), "grant.ended");
        }
        finally
        {
            sandbox.Host.Control.Faults.Clear();
            TokenHold.Lift();
        }
    }

    // Looked at before each leap: after it, what MSAL waits for is over too.
    private static Task SettleAsync(SandboxWorld world, Func<Task<bool>> settled) => world.SettleAsync(() =>
    {
        TokenHold.Lift();
        return settled();
    });

    private static FaultRule Arm(SandboxWorld world, CloudFaultKind kind) =>
        world.Control.Faults.Add(c => c.Method == "POST" && c.Path.EndsWith("/oauth2/v2.0/token", StringComparison.Ordinal), kind.Make(world.Control.Clock)).Times(kind.Times);

    private static CloudFaultKind Refusal(string name, int status, string error, string description) =>
        new(name, _ => Fault.Answer(status, Body(error, description)), 3);

    private static string Body(string error, string description) => $$"""{"error":"{{error}}","error_description":"{{description}}"}""";
}
