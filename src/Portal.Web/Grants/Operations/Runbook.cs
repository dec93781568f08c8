using System.Text.RegularExpressions;
using Portal.Web.Hosting;

namespace Portal.Web.Grants.Operations;

/// <summary>The runbook, as it stands in <c>docs/runbook.md</c>: carried inside the portal, so that it can be read when nothing else can.</summary>
public static partial class Runbook
{
    /// <summary>The heading of the entry that holds for every code.</summary>
    public const string CatchAll = "Any other code";

    /// <summary>What can need somebody beside grants, by the words that <c>/health</c> begins with; each has an entry too.</summary>
    public static IReadOnlyList<string> BesideGrants { get; } = ["AuditStreamLags", SealingHealth.Alone, SealingHealth.Unprotected, CatalogHealth.NotRead, DurabilityHealth.Lost];

    private static readonly Lazy<IReadOnlyList<RunbookEntry>> Read = new(() =>
    {
        using var file = typeof(Runbook).Assembly.GetManifestResourceStream("runbook.md") ?? throw new InvalidOperationException("The runbook is not in the assembly.");
        using var reader = new StreamReader(file);
        return Parse(reader.ReadToEnd());
    });

    /// <summary>Every entry, in the order of the file.</summary>
    public static IReadOnlyList<RunbookEntry> Entries => Read.Value;

    /// <summary>The entry for a code; the one that holds for every code when it has none of its own.</summary>
    public static RunbookEntry Find(string code) => Entries.FirstOrDefault(e => e.Code.Equals(code, StringComparison.OrdinalIgnoreCase)) ?? Entries.Single(e => e.Code == CatchAll);

    /// <summary>Reads the file: a heading of the second level is a code, and a paragraph below it begins with its name in bold, or goes on with the one above.</summary>
    public static IReadOnlyList<RunbookEntry> Parse(string markdown)
    {
        var entries = new List<RunbookEntry>();
        foreach (var section in markdown.ReplaceLineEndings("\n").Split("\n## ").Skip(1))
        {
            var paragraphs = section.Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            var parts = paragraphs[0].Split('\n', 2);
            entries.Add(new RunbookEntry(parts[0].Trim(), ParagraphsOf(paragraphs.Skip(1).Prepend(parts.ElementAtOrDefault(1) ?? ""))));
        }

        return entries;
    }

    private static List<RunbookParagraph> ParagraphsOf(IEnumerable<string> texts)
    {
        var paragraphs = new List<RunbookParagraph>();
        foreach (var text in texts)
            if (Named().Match(text) is { Success: true } match)
                paragraphs.Add(new RunbookParagraph(match.Groups[1].Value, RunsOf(match.Groups[2].Value)));
            else if (paragraphs.Count > 0)
                paragraphs[^1] = paragraphs[^1] with { Further = [.. paragraphs[^1].Further, RunsOf(text)] };
        return paragraphs;
    }

    private static List<RunbookText> RunsOf(string paragraph)
    {
        var text = paragraph.Replace('\n', ' ');
        var runs = new List<RunbookText>();
        var at = 0;
        foreach (Match mark in Marks().Matches(text))
        {
            if (mark.Index > at)
                runs.Add(new RunbookText(text[at..mark.Index], RunbookStyle.Plain));
            runs.Add(mark.Groups["code"].Success ? new RunbookText(mark.Groups["code"].Value, RunbookStyle.Code)
                : mark.Groups["strong"].Success ? new RunbookText(mark.Groups["strong"].Value, RunbookStyle.Strong)
                : new RunbookText(mark.Groups["name"].Value, RunbookStyle.Name));
            at = mark.Index + mark.Length;
        }

        if (at < text.Length)
            runs.Add(new RunbookText(text[at..], RunbookStyle.Plain));
        return runs;
    }

    [GeneratedRegex(@"\A\*\*([^*]+)\.\*\* (.+)\z", RegexOptions.Singleline)]
    private static partial Regex Named();

    [GeneratedRegex(@"`(?<code>[^`]+)`|\*\*(?<strong>[^*]+)\*\*|\*(?<name>[^*]+)\*")]
    private static partial Regex Marks();
}

/// <summary>What to do about one code.</summary>
/// <param name="Code">The code.</param>
/// <param name="Paragraphs">What happened, what the portal goes on doing, what to do, when it is over.</param>
public sealed record RunbookEntry(string Code, IReadOnlyList<RunbookParagraph> Paragraphs);

/// <summary>A paragraph with a name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">Its text in parts.</param>
public sealed record RunbookParagraph(string Name, IReadOnlyList<RunbookText> Text)
{
    /// <summary>What goes on below it in paragraphs of their own: one for each case, as a rule. Empty for most.</summary>
    public IReadOnlyList<IReadOnlyList<RunbookText>> Further { get; init; } = [];
}

/// <summary>Part of a text.</summary>
/// <param name="Text">The words.</param>
/// <param name="Style">How they are set.</param>
public sealed record RunbookText(string Text, RunbookStyle Style);

/// <summary>How words are set.</summary>
public enum RunbookStyle
{
    /// <summary>As they are.</summary>
    Plain,

    /// <summary>To be typed or found as it is.</summary>
    Code,

    /// <summary>Not to be missed.</summary>
    Strong,

    /// <summary>The name of something on a screen.</summary>
    Name,
}
