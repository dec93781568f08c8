using Portal.Core.Grants;

namespace Portal.Tests.World;

/// <summary>Answers access tests from what stands in <see cref="FakeRoleAssignments"/>: open when there is any assignment at the secret, else 403.</summary>
public sealed class FakeAccessProbe(FakeRoleAssignments assignments) : IAccessProbe
{
    /// <summary>What the next calls answer; null answers from the assignments.</summary>
    public Func<ProbeAnswer>? Answer { get; set; }

    public Task<ProbeAnswer> ProbeAsync(Uri vaultUri, string secretName, IDelegatedTokens holder, CancellationToken ct)
    {
        if (Answer is not null)
            return Task.FromResult(Answer());
        var vault = vaultUri.Host.Split('.')[0];
        var open = assignments.Standing.Any(a => a.Scope.EndsWith($"/vaults/{vault}/secrets/{secretName}", StringComparison.Ordinal));
        return Task.FromResult(open ? new ProbeAnswer(ProbeVerdict.Open, null, null) : new ProbeAnswer(ProbeVerdict.Refused, "ForbiddenByRbac", "Caller is not authorized."));
    }
}

/// <summary>A holder who has no token to give; the fake probe needs none.</summary>
public sealed class NoTokens : IDelegatedTokens
{
    public Task<DelegatedToken?> FindAsync(string scope, CancellationToken ct) => Task.FromResult<DelegatedToken?>(null);
}
