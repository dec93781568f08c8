using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Web.Resources;

namespace Portal.Web.Components;

/// <summary>A text to be copied, with a button that does it.</summary>
public sealed partial class CopyBox
{
    private readonly string _labelId = "copy-" + Guid.NewGuid().ToString("N")[..8];

    [Inject] public required IStringLocalizer<ShellWords> Words { get; init; }

    /// <summary>What is copied, to the character.</summary>
    [Parameter, EditorRequired] public required string Text { get; set; }

    /// <summary>What it is, such as "Azure CLI"; null when the page says so beside it.</summary>
    [Parameter] public string? Label { get; set; }

    // What does not fit is broken between its words: a break after one of a command's hyphens looks as if there were a space.
    private static RenderFragment InWords(string text) => builder =>
    {
        foreach (var part in Part().EnumerateMatches(text))
        {
            var piece = text.Substring(part.Index, part.Length);
            if (char.IsWhiteSpace(piece[0]))
            {
                builder.AddContent(0, piece);
                continue;
            }

            builder.OpenElement(1, "span");
            builder.AddContent(2, piece);
            builder.CloseElement();
        }
    };

    [GeneratedRegex(@"\s+|\S+")]
    private static partial Regex Part();
}
