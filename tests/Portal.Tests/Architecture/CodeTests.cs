using System.Text.RegularExpressions;
using Portal.Core;
using Portal.Core.Audit;

namespace Portal.Tests.Architecture;

/// <summary>Codes are promises to whoever reads them outside: unique, and of one shape.</summary>
public sealed partial class CodeTests
{
    // Deliberately bare: it must not even tell what was not found.
    private static readonly string[] Bare = [RefusalCode.NotFound];

    [Fact]
    public void Refusal_codes_are_unique_and_dotted_snake_case()
    {
        Assert.True(RefusalCode.All.Count > 30);
        Assert.Empty(Violations(RefusalCode.All.Except(Bare)));
        Assert.Equal(RefusalCode.All.Count, RefusalCode.All.Distinct().Count());
    }

    [Fact]
    public void Audit_codes_are_unique_and_dotted_snake_case_and_say_what_they_mean()
    {
        Assert.True(AuditCode.All.Count > 15);
        Assert.Empty(Violations(AuditCode.All.Select(c => c.Value)));
        Assert.All(AuditCode.All, c => Assert.EndsWith(".", c.Meaning, StringComparison.Ordinal));
    }

    [Fact]
    public void A_double_or_misshapen_code_is_found() =>
        Assert.Equal(["GrantEnded is not of the form feature.what_happened", "grant is not of the form feature.what_happened", "grant.ended is used 2 times"],
            Violations(["grant.ended", "GrantEnded", "grant.ended", "grant"]));

    private static IReadOnlyList<string> Violations(IEnumerable<string> codes)
    {
        var all = codes.ToList();
        return
        [
            .. all.Where(c => !Shape().IsMatch(c)).Select(c => $"{c} is not of the form feature.what_happened"),
            .. all.GroupBy(c => c).Where(g => g.Count() > 1).Select(g => $"{g.Key} is used {g.Count()} times"),
        ];
    }

    [GeneratedRegex("^[a-z]+(_[a-z]+)*\\.[a-z]+(_[a-z]+)*$")]
    private static partial Regex Shape();
}
