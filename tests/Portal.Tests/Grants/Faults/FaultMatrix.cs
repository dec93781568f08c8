using Portal.Core.Grants;
using Portal.Sandbox;
using Portal.Sandbox.Control;
using Portal.Tests.Sandbox;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Faults;

/// <summary>A fault at a call: by the real SDKs over the sandbox's wire, it ends in the right state, with the right record, without a person.</summary>
public abstract class FaultMatrix(SandboxFixture sandbox)
{
    /// <summary>How long access is given for.</summary>
    protected static readonly TimeSpan Window = TimeSpan.FromHours(8);

    /// <summary>The sandbox, which no other class disturbs.</summary>
    protected SandboxHost Sandbox => sandbox.Host;

    /// <summary>Every fault that each of some calls can meet.</summary>
    protected static TheoryData<string, string> At(params string[] sites)
    {
        var data = new TheoryData<string, string>();
        foreach (var site in sites.Select(CloudSite.Find))
            foreach (var fault in FaultsOf(site))
                data.Add(site.Name, fault.Name);
        return data;
    }

    /// <summary>The faults that a call can meet.</summary>
    protected static IEnumerable<CloudFaultKind> FaultsOf(CloudSite site) => CloudFaultKind.All.Where(f => IsSaid(f, site));

    /// <summary>One fault at one call: gives and takes back all the same.</summary>
    protected async Task EndsRightAsync(string site, string fault)
    {
        var (where, what) = (CloudSite.Find(site), CloudFaultKind.Find(fault));
        await using var world = await SandboxWorld.OpenAsync(Sandbox, patience: what.Patience);
        try
        {
            var promised = await world.PromiseAsync(Window);
            FaultRule? rule = where.Taking ? null : Arm(world, where, what);
            await GivenAsync(world, promised);

            world.LeapTo(promised.EndsAt);
            rule ??= Arm(world, where, what);
            await TakenAsync(world, promised);
            Assert.Equal(what.Times, rule.Fired);
        }
        finally
        {
            Sandbox.Control.Faults.Clear();
        }
    }

    protected static FaultRule Arm(SandboxWorld world, CloudSite site, CloudFaultKind fault, int from = 1) =>
        world.Control.Faults.Add(c => site.Fits(world, c), fault.Make(world.Control.Clock)).From(from).Times(fault.Times);

    // Graph knows none of Resource Manager's codes.
    private static bool IsSaid(CloudFaultKind fault, CloudSite site) => !site.IsGraph
        || !(fault.Name.StartsWith("404", StringComparison.Ordinal) || fault.Name.StartsWith("409", StringComparison.Ordinal) || fault.Name.StartsWith("400", StringComparison.Ordinal));

    protected static async Task GivenAsync(SandboxWorld world, Grant promised)
    {
        await world.SettleAsync(async () => (await world.GrantAsync(promised.Id)).State == GrantState.Active && world.Standing.Count == 1);
        var ours = Assert.Single(world.Standing);
        Assert.Equal(world.AssignmentId, ours.Name);
        Assert.Equal(promised.EndsAt, AssignmentMark.UntilOf(ours.Description));
        Assert.Null((await world.GrantAsync(promised.Id)).AttentionCode);
        var codes = await world.CodesAsync(promised.Id);
        Assert.Single(codes, "grant.provisioning");
        Assert.Single(codes, "grant.activated");
    }

    protected static async Task TakenAsync(SandboxWorld world, Grant promised)
    {
        await world.SettleAsync(async () => (await world.GrantAsync(promised.Id)).State == GrantState.Ended && world.Standing.Count == 0);
        // Nor does it come back: the looks that are still planned find nothing.
        await world.SettleAsync();
        Assert.Empty(world.Standing);
        var ended = await world.GrantAsync(promised.Id);
        Assert.Equal((GrantEnding.Expired, promised.EndsAt, (string?)null), (ended.Ending, ended.EndsAt, ended.AttentionCode));
        var codes = await world.CodesAsync(promised.Id);
        Assert.Single(codes, "grant.ended");
    }
}
