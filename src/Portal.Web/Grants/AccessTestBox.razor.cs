using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Grants;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Grants;

/// <summary>Asks Key Vault, as the holder, whether the secret is open to them now, and shows the answer as it came.</summary>
public sealed partial class AccessTestBox : ComponentBase
{
    // Microsoft Learn, "Azure RBAC: troubleshooting": role assignments can take up to 10 minutes to take effect.
    private static readonly TimeSpan Propagation = TimeSpan.FromMinutes(10);

    private ProbeAnswer? _answer;
    private DateTimeOffset _answeredAt;
    private IReadOnlyList<Refusal> _refusals = [];
    private bool _asking;

    [Inject] public required TestAccess Test { get; init; }

    [Inject] public required IDelegatedTokens Tokens { get; init; }

    [Inject] public required Attempt Attempt { get; init; }

    [Inject] public required TimeProvider Clock { get; init; }

    [Inject] public required IStringLocalizer<GrantWords> Words { get; init; }

    /// <summary>The grant.</summary>
    [Parameter, EditorRequired] public required GrantView Grant { get; set; }

    // What the answer means depends on where the grant stood when it came.
    private string? Hint => HintKey is { } key ? Words[key].Value : null;

    private string? HintKey => (_answer!.Verdict, Grant.State) switch
    {
        (ProbeVerdict.Refused, GrantState.Scheduled or GrantState.Provisioning) => "Test.Hint.NotYet",
        (ProbeVerdict.Refused, GrantState.Active) => _answeredAt - Grant.ActivatedAt < Propagation ? "Test.Hint.Propagation" : "Test.Hint.TooLong",
        (ProbeVerdict.Refused, GrantState.Revoking or GrantState.Ended) => "Test.Hint.Over",
        (ProbeVerdict.Open, GrantState.Active) => null,
        (ProbeVerdict.Open, GrantState.Revoking or GrantState.Ended) => Grant.StandingAccess ? "Test.Hint.Standing" : "Test.Hint.StillOpen",
        (ProbeVerdict.Open, _) => "Test.Hint.OpenBefore",
        (ProbeVerdict.NotFound, _) => "Test.Hint.NotFound",
        (ProbeVerdict.SignInAgain, _) => null,
        _ => null,
    };

    private async Task TestAsync()
    {
        if (_asking)
            return;
        _asking = true;
        _refusals = [];
        _answer = null;
        try
        {
            var result = await Attempt.RunAsync(actor => Test.ExecuteAsync(new AccessTest(Grant.Id, Tokens), actor, CancellationToken.None));
            _refusals = result.Refusals;
            _answer = result.Succeeded ? result.Value : null;
            _answeredAt = Clock.GetUtcNow();
        }
        finally
        {
            _asking = false;
        }
    }
}
