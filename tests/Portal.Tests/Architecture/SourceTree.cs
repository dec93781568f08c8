using System.Xml.Linq;

namespace Portal.Tests.Architecture;

/// <summary>The repository's own files, as the architecture rules read them.</summary>
internal static class SourceTree
{
    /// <summary>The folder that holds Portal.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Source files under a folder of the repository, with paths relative to it; what builds leave behind and what tools generate is left out.</summary>
    public static IEnumerable<(string Path, string Text)> Files(string folder, params string[] extensions) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*", SearchOption.AllDirectories)
            .Where(f => extensions.Contains(Path.GetExtension(f)))
            .Select(f => (Path: Path.GetRelativePath(Root, f).Replace('\\', '/'), File: f))
            .Where(f => !f.Path.Split('/').Any(part => part is "bin" or "obj" or "Migrations") && !f.Path.Contains("/Model/", StringComparison.Ordinal))
            .OrderBy(f => f.Path, StringComparer.Ordinal)
            .Select(f => (f.Path, File.ReadAllText(f.File)));

    /// <summary>Which projects a project refers to, whatever the configuration.</summary>
    public static IReadOnlyList<string> ReferencesOf(string projectXml) =>
        [.. XDocument.Parse(projectXml).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/'))).Order(StringComparer.Ordinal)];

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Portal.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException("Portal.sln is in no folder above the tests.");
    }
}
