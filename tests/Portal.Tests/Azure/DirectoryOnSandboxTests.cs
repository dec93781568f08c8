using Portal.Core.Identity;

namespace Portal.Tests.Azure;

/// <summary>The real Graph client against the sandbox's Entra ID and Graph.</summary>
public sealed class DirectoryOnSandboxTests(SandboxCloud cloud) : IClassFixture<SandboxCloud>
{
    private static readonly Guid Mira = new("1b0c7a52-3e61-4c8e-8a1d-6f0b5e2d9c01");
    private static readonly Guid Priya = new("3d2e9c74-5083-4ea0-ac3f-812d704fbe03");
    private static readonly Guid Tomas = new("4e3fad85-6194-4fb1-bd40-923e8150cf04");
    private static readonly Guid Ingrid = new("5f40be96-72a5-40c2-8e51-a34f9261d005");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task People_have_the_roles_and_groups_of_the_company()
    {
        var mira = await StandingOf(Mira);
        Assert.True(mira.Enabled);
        Assert.Equal([PortalRole.Requester], mira.Roles);
        Assert.Equal(new[] { Group(1), Group(8) }, mira.Groups.Order());
        Assert.Equal(new HashSet<PortalRole> { PortalRole.Requester, PortalRole.Approver }, (await StandingOf(Priya)).Roles);
        Assert.Equal(new HashSet<PortalRole> { PortalRole.Administrator, PortalRole.Approver }, (await StandingOf(Tomas)).Roles);
    }

    [Fact]
    public async Task A_change_in_the_directory_holds_at_once()
    {
        Assert.Contains(PortalRole.Auditor, (await StandingOf(Ingrid)).Roles);
        cloud.Sandbox.Control.Directory.RemoveMember(Group(7), Ingrid);
        Assert.DoesNotContain(Group(7), (await StandingOf(Ingrid)).Groups);
        cloud.Sandbox.Control.Directory.SetAccountEnabled(Ingrid, false);
        Assert.Equal(Standing.None, await StandingOf(Ingrid));
        Assert.False((await cloud.Get<IDirectory>().FindAsync(Id(Ingrid), Ct))!.Enabled);
    }

    [Fact]
    public async Task What_is_not_there_has_no_standing_and_is_not_found()
    {
        Assert.Equal(Standing.None, await StandingOf(Guid.NewGuid()));
        Assert.Null(await cloud.Get<IDirectory>().FindAsync(Id(Guid.NewGuid()), Ct));
    }

    [Fact]
    public async Task People_and_groups_are_found_with_their_names()
    {
        Assert.Equal(new DirectoryPrincipal(Id(Mira), PrincipalKind.User, "Mira Okafor", "mira@fenwick.example", true), await cloud.Get<IDirectory>().FindAsync(Id(Mira), Ct));
        Assert.Equal(new DirectoryPrincipal(Id(Group(1)), PrincipalKind.Group, "payments-engineers", null, true), await cloud.Get<IDirectory>().FindAsync(Id(Group(1)), Ct));
    }

    private PrincipalId Id(Guid oid) => new(cloud.Sandbox.Addresses.TenantId, oid);

    private Task<Standing> StandingOf(Guid oid) => cloud.Get<IDirectory>().StandingOfAsync(Id(oid), Ct);

    private static Guid Group(int n) => new($"61a0c001-0000-4000-8000-{n:d12}");
}
