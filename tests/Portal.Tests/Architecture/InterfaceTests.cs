using System.Reflection;
using Portal.Core.Data;

namespace Portal.Tests.Architecture;

/// <summary>An interface stands only where a second implementation stands: at the seams to the outside.</summary>
public sealed class InterfaceTests
{
    private static readonly Assembly[] Ours = [typeof(PortalDb).Assembly, Assembly.Load("Portal.Azure"), typeof(Program).Assembly];

    [Fact]
    public void Every_interface_is_a_seam_that_the_tests_stand_in_for()
    {
        var implementations = Ours.Concat([Assembly.Load("Portal.Migrations.Sqlite"), Assembly.Load("Portal.Migrations.PostgreSql"), typeof(InterfaceTests).Assembly]).SelectMany(a => a.GetTypes()).Where(t => t is { IsClass: true, IsAbstract: false }).ToList();
        Assert.Empty(Ours.SelectMany(a => a.GetTypes()).Where(t => t.IsInterface && t != typeof(IAlone)).SelectMany(i => Violations(i, implementations)));
    }

    [Fact]
    public void An_interface_with_one_implementation_is_found() => Assert.Single(Violations(typeof(IAlone), [typeof(Alone)]));

    private static IEnumerable<string> Violations(Type contract, IReadOnlyList<Type> implementations)
    {
        var count = implementations.Count(contract.IsAssignableFrom);
        return count < 2 ? [$"{contract.Name} has {count} implementation(s)"] : [];
    }

    private interface IAlone;

    private sealed class Alone : IAlone;
}
