using System.Text.RegularExpressions;
using Portal.Core;
using Portal.Tests.Architecture;
using Portal.Web.Grants.Operations;

namespace Portal.Tests.Web;

/// <summary>Whoever is paged finds an entry for what they see.</summary>
public sealed partial class RunbookTests
{
    private static readonly string[] Questions = ["What happened", "The portal goes on", "What to do", "It is over when"];

    public static TheoryData<string> Codes => [.. AttentionCode.All.Concat(AttentionCode.OfProviders).Concat(Runbook.BesideGrants).Distinct()];

    [Theory, MemberData(nameof(Codes))]
    public void Every_code_has_an_entry_that_answers_the_four_questions(string code)
    {
        var entry = Assert.Single(Runbook.Entries, e => e.Code == code);
        Assert.Equal(Questions, entry.Paragraphs.Select(p => p.Name));
        Assert.All(entry.Paragraphs, p => Assert.True(p.Text.Sum(t => t.Text.Length) > 15, $"{code}: '{p.Name}' says nothing."));
        Assert.Same(entry, Runbook.Find(code.ToLowerInvariant()));
    }

    [Fact]
    public void No_entry_is_for_a_code_that_cannot_come()
    {
        var known = AttentionCode.All.Concat(AttentionCode.OfProviders).Concat(Runbook.BesideGrants).Append(Runbook.CatchAll);
        Assert.Empty(Runbook.Entries.Select(e => e.Code).Except(known));
    }

    [Fact]
    public void Any_other_code_is_answered_too()
    {
        var entry = Runbook.Find("NeverSeenBefore");
        Assert.Equal(Runbook.CatchAll, entry.Code);
        Assert.Equal(Questions, entry.Paragraphs.Select(p => p.Name));
    }

    [Fact]
    public void Every_code_that_the_code_writes_itself_is_in_the_closed_set()
    {
        var written = SourceTree.Files("src/Portal.Core", ".cs").Concat(SourceTree.Files("src/Portal.Azure", ".cs")).SelectMany(f => Written(f.Text)).Distinct().ToList();
        Assert.Empty(written.Except(AttentionCode.All));
        Assert.Equal(["MadeUp", "Another"], Written("throw Unmet(\"MadeUp\", text); throw new CloudCallException(\n    \"Another\", text)"));
    }

    [Fact]
    public void Marks_in_a_text_are_set_as_what_they_are()
    {
        var entry = Assert.Single(Runbook.Parse("# Runbook\n\nIntro.\n\n## Some\n**What happened.** Run `az login` **now**,\nthen *Retry all*.\n"));
        var paragraph = Assert.Single(entry.Paragraphs);
        Assert.Equal(
            [new("Run ", RunbookStyle.Plain), new("az login", RunbookStyle.Code), new(" ", RunbookStyle.Plain), new("now", RunbookStyle.Strong), new(", then ", RunbookStyle.Plain), new("Retry all", RunbookStyle.Name), new(".", RunbookStyle.Plain)],
            paragraph.Text);
    }

    [Fact]
    public void A_paragraph_without_a_name_goes_on_with_the_one_above_it()
    {
        var entry = Assert.Single(Runbook.Parse("# Runbook\n\n## Some\n**What to do.** The text says which.\n\n`One`: do this.\n\n`Other`:\ndo that.\n\n**It is over when.** It is over.\n"));
        Assert.Equal(["What to do", "It is over when"], entry.Paragraphs.Select(p => p.Name));
        Assert.Equal(
            [[new("One", RunbookStyle.Code), new(": do this.", RunbookStyle.Plain)], [new("Other", RunbookStyle.Code), new(": do that.", RunbookStyle.Plain)]],
            entry.Paragraphs[0].Further);
        Assert.Empty(entry.Paragraphs[1].Further);
    }

    private static IEnumerable<string> Written(string text) => Literal().Matches(text).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"(?:Unmet|UnmetCondition|new CloudCallException|NeedAttention|Note)\((?:\s*\w+,)?\s*""([A-Z]\w+)""")]
    private static partial Regex Literal();
}
