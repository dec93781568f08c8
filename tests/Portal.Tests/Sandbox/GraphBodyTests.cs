using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>Bodies that are JSON and not what is asked for: each is a refusal in Graph's words, none a fault.</summary>
public sealed class GraphBodyTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Theory]
    [InlineData("/directoryObjects/getByIds", """{"ids":[null]}""")]
    [InlineData("/directoryObjects/getByIds", """{"ids":["x"]}""")]
    [InlineData("/directoryObjects/getByIds", """{"ids":[1]}""")]
    [InlineData("/directoryObjects/getByIds", "null")]
    [InlineData("/directoryObjects/getByIds", "")]
    [InlineData("/users/{mira}/checkMemberGroups", """{"groupIds":[null]}""")]
    [InlineData("/users/{mira}/checkMemberGroups", """{"groupIds":{}}""")]
    [InlineData("/users/{mira}/getMemberGroups", """{"securityEnabledOnly":"no"}""")]
    [InlineData("/groups/{approvers}/members/$ref", """{"@odata.id":null}""")]
    [InlineData("/groups/{approvers}/members/$ref", """{"@odata.id":"urn:"}""")]
    [InlineData("/groups/{approvers}/members/$ref", """{"@odata.id":"mailto:mira@fenwick.example"}""")]
    public async Task It_is_answered_400(string address, string body)
    {
        var path = address.Replace("{mira}", FenwickCompany.Mira.ToString(), StringComparison.Ordinal).Replace("{approvers}", FenwickCompany.PaymentsApprovers.ToString(), StringComparison.Ordinal);
        var refused = await new GraphWire(sandbox).PostAsync(path, body);
        Assert.Equal((400, "Request_BadRequest"), (refused.Status, refused.Code));
    }
}
