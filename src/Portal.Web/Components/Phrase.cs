using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Portal.Web.Components;

/// <summary>A sentence from the resources whose gaps are filled with marked-up parts, so that each language can put them in its own order.</summary>
public sealed partial class Phrase : ComponentBase
{
    /// <summary>The sentence, with <c>{0}</c>, <c>{1}</c>… where the parts go. Gaps without a part stay empty.</summary>
    [Parameter, EditorRequired] public required string Text { get; set; }

    /// <summary>The parts, in the order of their numbers.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<RenderFragment> Parts { get; set; }

    /// <summary>The same as markup of whoever draws it; see <see cref="Icon.Of"/>.</summary>
    public static RenderFragment Of(string text, params IReadOnlyList<RenderFragment> parts) => builder =>
    {
        var at = 0;
        foreach (Match gap in Gap().Matches(text))
        {
            if (gap.Index > at)
                builder.AddContent(0, text[at..gap.Index]);
            at = gap.Index + gap.Length;
            if (int.TryParse(gap.ValueSpan[1..^1], out var number) && number < parts.Count)
                builder.AddContent(1, parts[number]);
        }

        if (at < text.Length)
            builder.AddContent(2, text[at..]);
    };

    /// <inheritdoc />
    protected override void BuildRenderTree(RenderTreeBuilder builder) => Of(Text, Parts)(builder);

    [GeneratedRegex(@"\{[0-9]\}")]
    private static partial Regex Gap();
}
