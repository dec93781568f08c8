using System.Text.RegularExpressions;

namespace Portal.Tests.Architecture;

/// <summary>Between the features of the core: Approvals → Requests → Grants → Policies → Catalog; anything → Audit, Identity, Data; no way back.</summary>
public sealed partial class FeatureDirectionTests
{
    private static readonly string[] Foundations = ["Audit", "Identity", "Data"];

    private static readonly Dictionary<string, string[]> Below = new()
    {
        ["Approvals"] = ["Requests", "Policies", "Grants", "Catalog"],
        ["Requests"] = ["Policies", "Grants", "Catalog"],
        ["Policies"] = ["Catalog"],
        ["Grants"] = ["Policies", "Catalog"],
        ["Catalog"] = [],
        ["Audit"] = [],
        ["Identity"] = [],
        ["Data"] = [],
    };

    // PortalDb is one model: it has to name every entity. Nothing of it decides anything.
    private static readonly string[] TheModel = ["src/Portal.Core/Data/PortalDb.cs"];

    [Fact]
    public void Features_know_only_what_lies_below_them()
    {
        var files = SourceTree.Files("src/Portal.Core", ".cs").ToList();
        Assert.Equal(Below.Keys.Order(StringComparer.Ordinal), files.Select(f => f.Path.Split('/')).Where(p => p.Length > 3).Select(p => p[2]).Distinct().Order(StringComparer.Ordinal));
        Assert.Empty(files.Where(f => !TheModel.Contains(f.Path)).SelectMany(f => Violations(f.Path, f.Text)));
    }

    [Theory]
    [InlineData("src/Portal.Core/Grants/X.cs", "using Portal.Core.Requests;")]
    [InlineData("src/Portal.Core/Catalog/X.cs", "using Portal.Core.Policies;")]
    [InlineData("src/Portal.Core/Policies/X.cs", "using Portal.Core.Grants;")]
    [InlineData("src/Portal.Core/Requests/X.cs", "var x = Portal.Core.Approvals.Verdict.Denied;")]
    [InlineData("src/Portal.Core/Requests/X.cs", "using static Portal.Core.Approvals.Verdict;")]
    [InlineData("src/Portal.Core/Audit/X.cs", "using Portal.Core.Grants;")]
    public void A_way_back_is_found(string path, string text) => Assert.Single(Violations(path, text));

    [Theory]
    [InlineData("src/Portal.Core/Approvals/X.cs", "using Portal.Core.Grants;\nusing Portal.Core.Audit;")]
    [InlineData("src/Portal.Core/Grants/X.cs", "using Portal.Core.Catalog;\nnamespace Portal.Core.Grants;")]
    public void A_way_down_is_allowed(string path, string text) => Assert.Empty(Violations(path, text));

    private static IEnumerable<string> Violations(string path, string text)
    {
        var parts = path.Split('/');
        if (parts.Length < 4)
            return [];
        var feature = parts[2];
        return FeatureName().Matches(text).Select(m => m.Groups[1].Value).Distinct()
            .Where(used => used != feature && Below.ContainsKey(used) && !Foundations.Contains(used) && !Below[feature].Contains(used))
            .Select(used => $"{path} knows {used}");
    }

    [GeneratedRegex(@"Portal\.Core\.([A-Z]\w+)")]
    private static partial Regex FeatureName();
}
