namespace Portal.Tests.Architecture;

/// <summary>Which project may know which.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Portal.Core"] = [],
        ["Portal.Azure"] = ["Portal.Core"],
        ["Portal.Sandbox"] = [],
        ["Portal.Migrations.Sqlite"] = ["Portal.Core"],
        ["Portal.Migrations.PostgreSql"] = ["Portal.Core"],
        ["Portal.Web"] = ["Portal.Azure", "Portal.Core", "Portal.Migrations.PostgreSql", "Portal.Migrations.Sqlite", "Portal.Sandbox"],
    };

    [Fact]
    public void Every_project_refers_to_exactly_what_it_may()
    {
        var projects = SourceTree.Files("src", ".csproj").Concat(SourceTree.Files("migrations", ".csproj")).ToList();
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), projects.Select(p => Path.GetFileNameWithoutExtension(p.Path)).Order(StringComparer.Ordinal));
        Assert.Empty(projects.SelectMany(p => Violations(Path.GetFileNameWithoutExtension(p.Path), p.Text)));
    }

    [Theory]
    [InlineData("Portal.Core", "../Portal.Azure/Portal.Azure.csproj")]
    [InlineData("Portal.Azure", "..\\Portal.Web\\Portal.Web.csproj")]
    [InlineData("Portal.Sandbox", "../Portal.Core/Portal.Core.csproj")]
    public void A_forbidden_reference_is_found(string project, string reference) =>
        Assert.Single(Violations(project, $"<Project><ItemGroup><ProjectReference Include=\"{reference}\" /></ItemGroup></Project>"));

    [Fact]
    public void A_release_build_does_not_refer_to_the_sandbox()
    {
        var web = SourceTree.Files("src/Portal.Web", ".csproj").Single().Text;
        Assert.Matches("Portal\\.Sandbox\\.csproj\" Condition=\"'\\$\\(SandboxIncluded\\)' == 'true'\"", web);
        Assert.Contains("<SandboxIncluded Condition=\"'$(Configuration)' != 'Release'\">true</SandboxIncluded>", web, StringComparison.Ordinal);
    }

    [Fact]
    public void Core_knows_neither_ASPNET_nor_Azure_nor_a_database_nor_MudBlazor()
    {
        var core = SourceTree.Files("src/Portal.Core", ".csproj").Single().Text;
        Assert.Empty(ForbiddenInCore(core));
        Assert.NotEmpty(ForbiddenInCore("<PackageReference Include=\"Microsoft.EntityFrameworkCore.Sqlite\" />"));
    }

    /// <summary>Only the composition root and the sandbox's launcher name what only they may know; everything else goes by Portal.Core.</summary>
    [Fact]
    public void In_the_web_project_only_the_composition_root_names_Azure_Sandbox_and_Migrations()
    {
        var files = SourceTree.Files("src/Portal.Web", ".cs", ".razor").ToList();
        Assert.NotEmpty(files);
        Assert.Empty(files.Where(f => !MayCompose(f.Path)).SelectMany(f => Compositions(f.Path, f.Text)));
        Assert.Single(Compositions("src/Portal.Web/Audit/Page.razor", "@using Portal.Azure.Connection\n"));
        Assert.Single(Compositions("src/Portal.Web/Audit/Page.cs", "var x = new Portal.Sandbox.SandboxOptions();"));
    }

    private static bool MayCompose(string path) => path is "src/Portal.Web/Program.cs" || path.StartsWith("src/Portal.Web/Hosting/Sandbox", StringComparison.Ordinal) || CompositionRoot.Contains(path);

    // Statements of Program.cs that have a file of their own, so that each concern has a name.
    private static readonly string[] CompositionRoot = ["src/Portal.Web/Hosting/PortalComposition.cs"];

    private static IEnumerable<string> Compositions(string path, string text) =>
        text.Split('\n').Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .Where(l => l.Contains("Portal.Azure", StringComparison.Ordinal) || l.Contains("Portal.Sandbox", StringComparison.Ordinal) || l.Contains("Portal.Migrations", StringComparison.Ordinal))
            .Select(l => $"{path}: {l.Trim()}");

    private static IEnumerable<string> Violations(string project, string xml) =>
        SourceTree.ReferencesOf(xml).Except(Allowed[project]).Select(r => $"{project} refers to {r}");

    private static IEnumerable<string> ForbiddenInCore(string xml) =>
        new[] { "Microsoft.AspNetCore", "Azure", "Sqlite", "Npgsql", "MudBlazor", "Graph" }.Where(word => xml.Split('\n').Any(l => l.Contains("Include=", StringComparison.Ordinal) && l.Contains(word, StringComparison.Ordinal)));
}
