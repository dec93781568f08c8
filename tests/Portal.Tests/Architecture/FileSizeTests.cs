namespace Portal.Tests.Architecture;

/// <summary>Past four hundred lines something wants a room of its own.</summary>
public sealed class FileSizeTests(ITestOutputHelper output)
{
    private const int Hard = 400;

    [Fact]
    public void No_file_is_longer_than_four_hundred_lines()
    {
        var files = SourceTree.Files("src", ".cs", ".razor").Concat(SourceTree.Files("tests", ".cs")).Concat(SourceTree.Files("migrations", ".cs")).ToList();
        foreach (var file in files.Where(f => Lines(f.Text) > SoftLimit(f.Path)))
            output.WriteLine($"{file.Path} has {Lines(file.Text)} lines; about {SoftLimit(file.Path)} is the aim.");
        Assert.Empty(files.SelectMany(f => Violations(f.Path, f.Text)));
    }

    [Fact]
    public void A_file_that_is_too_long_is_found()
    {
        Assert.Single(Violations("src/X.razor", string.Concat(Enumerable.Repeat("<p />\n", Hard + 1))));
        Assert.Empty(Violations("src/X.razor", string.Concat(Enumerable.Repeat("<p />\n", Hard))));
    }

    private static int SoftLimit(string path) => path.EndsWith(".razor", StringComparison.Ordinal) ? 150 : 250;

    private static int Lines(string text) => text.AsSpan().TrimEnd('\n').Count('\n') + 1;

    private static IEnumerable<string> Violations(string path, string text) => Lines(text) > Hard ? [$"{path} has {Lines(text)} lines"] : [];
}
