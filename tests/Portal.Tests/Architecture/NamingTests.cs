using System.Reflection;
using System.Text.RegularExpressions;
using Portal.Core.Data;

namespace Portal.Tests.Architecture;

/// <summary>Words that hide what a thing does are in no type's name.</summary>
public sealed partial class NamingTests
{
    private static readonly Assembly[] Ours = [typeof(PortalDb).Assembly, Assembly.Load("Portal.Azure"), typeof(Program).Assembly, Assembly.Load("Portal.Sandbox"), Assembly.Load("Portal.Migrations.Sqlite"), Assembly.Load("Portal.Migrations.PostgreSql")];

    // Azure's own word for how a vault decides who may read; ServicePrincipal is an Entra object, HostedService and the like are ASP.NET's.
    private static readonly string[] TheirWords = ["PermissionModel"];

    [Fact]
    public void No_type_has_a_name_that_says_nothing() => Assert.Empty(Ours.SelectMany(a => a.GetTypes()).Where(t => !t.Name.Contains('<', StringComparison.Ordinal)).Select(t => t.Name.Split('`')[0]).SelectMany(Violations));

    [Theory]
    [InlineData("GrantManager")]
    [InlineData("StringHelper")]
    [InlineData("DateUtils")]
    [InlineData("RequestService")]
    [InlineData("PermissionCheck")]
    [InlineData("UserSession")]
    public void Such_a_name_is_found(string name) => Assert.Single(Violations(name));

    [Theory]
    [InlineData("ServicePrincipal")]
    [InlineData("ResourceManagerRoleAssignments")]
    [InlineData("PermissionModel")]
    public void A_word_of_the_cloud_is_not(string name) => Assert.Empty(Violations(name));

    private static IEnumerable<string> Violations(string name) =>
        !TheirWords.Contains(name) && Banned().IsMatch(name.Replace("ResourceManager", "", StringComparison.Ordinal)) ? [name] : [];

    [GeneratedRegex("Manager|Helper|Util|Service$|Services$|Permission|Session")]
    private static partial Regex Banned();
}
