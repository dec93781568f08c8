using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>Which groups something is in, asked of objects of every kind; and what was deleted.</summary>
public sealed class GraphMembershipTests : IAsyncLifetime
{
    private static readonly Guid Inner = new("61a0c001-0000-4000-8000-0000000000a1");
    private static readonly Guid Outer = new("61a0c001-0000-4000-8000-0000000000a2");
    private readonly SandboxFixture _sandbox = new();

    private GraphWire Graph => new(_sandbox);

    public async ValueTask InitializeAsync()
    {
        await _sandbox.InitializeAsync();
        var directory = _sandbox.Host.Control.Directory;
        directory.Put(new DirectoryGroup(Inner, "inner", "In the outer one"));
        directory.Put(new DirectoryGroup(Outer, "outer", "Around the inner one"));
        directory.AddMember(Outer, Inner);
        foreach (var member in new[] { FenwickCompany.PortalPrincipal, FenwickCompany.Ingrid }) directory.AddMember(Inner, member);
    }

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Theory]
    [InlineData("directoryObjects/5f40be96-72a5-40c2-8e51-a34f9261d005", 2)]
    [InlineData("directoryObjects/7a11c0de-1111-4000-8000-00000000b001", 2)]
    [InlineData("directoryObjects/61a0c001-0000-4000-8000-0000000000a1", 1)]
    [InlineData("servicePrincipals/7a11c0de-1111-4000-8000-00000000b001", 2)]
    [InlineData("groups/61a0c001-0000-4000-8000-0000000000a1", 1)]
    [InlineData("users/ingrid@fenwick.example", 2)]
    public async Task Any_object_says_in_which_groups_it_is(string address, int expected)
    {
        var check = await Graph.PostAsync($"/{address}/checkMemberGroups", $$"""{"groupIds":["{{Inner}}","{{Outer}}","{{FenwickCompany.PlatformApprovers}}"]}""");
        Assert.Equal((200, expected), (check.Status, check.Json["value"]!.AsArray().Count));
        foreach (var action in new[] { "getMemberGroups", "getMemberObjects" })
        {
            var all = await Graph.PostAsync($"/{address}/{action}", """{"securityEnabledOnly":false}""");
            Assert.Equal(200, all.Status);
            Assert.Contains(Outer.ToString(), all.Json["value"]!.AsArray().Select(g => g!.GetValue<string>()));
        }
    }

    [Theory]
    [InlineData("groups/5f40be96-72a5-40c2-8e51-a34f9261d005")]
    [InlineData("servicePrincipals/61a0c001-0000-4000-8000-0000000000a1")]
    [InlineData("directoryObjects/61a0c001-0000-4000-8000-0000000000ff")]
    [InlineData("users/61a0c001-0000-4000-8000-0000000000a1")]
    public async Task What_is_not_of_that_kind_is_not_there(string address)
    {
        var missing = await Graph.PostAsync($"/{address}/checkMemberGroups", $$"""{"groupIds":["{{Outer}}"]}""");
        Assert.Equal((404, "Request_ResourceNotFound"), (missing.Status, missing.Code));
    }

    [Fact]
    public async Task What_was_deleted_says_when_and_what_lives_says_nothing_of_it()
    {
        Assert.Null((await Graph.GetAsync($"/groups/{Inner}?$select=id,deletedDateTime")).Json["deletedDateTime"]);
        var now = _sandbox.Host.Control.Clock.GetUtcNow();
        _sandbox.Host.Control.Directory.Delete(Inner);
        var deleted = await Graph.GetAsync($"/directory/deletedItems/{Inner}");
        Assert.InRange(deleted.Json["deletedDateTime"]!.GetValue<DateTimeOffset>(), now.AddSeconds(-1), _sandbox.Host.Control.Clock.GetUtcNow());
    }

    [Fact]
    public async Task The_list_of_what_was_deleted_is_not_taken_for_an_id()
    {
        var refused = await Graph.GetAsync("/directory/deletedItems/microsoft.graph.group");
        Assert.Equal((400, "BadRequest"), (refused.Status, refused.Code));
        Assert.Contains("microsoft.graph.group", refused.Message, StringComparison.Ordinal);
        Assert.Equal(404, (await Graph.GetAsync($"/directory/deletedItems/{Guid.NewGuid()}")).Status);
    }
}
