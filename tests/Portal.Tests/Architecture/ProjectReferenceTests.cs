using System.Reflection;

namespace Portal.Tests.Architecture;

public sealed class ProjectReferenceTests
{
    [Fact]
    public void Core_knows_no_other_project_of_ours()
    {
        var core = Assembly.Load("Portal.Core");
        Assert.DoesNotContain(core.GetReferencedAssemblies(), a => a.Name!.StartsWith("Portal.", StringComparison.Ordinal));
    }
}
