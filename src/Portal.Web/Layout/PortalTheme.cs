using MudBlazor;

namespace Portal.Web.Layout;

/// <summary>What MudBlazor must know of the look. Colours are not here: <c>wwwroot/css/theme.css</c> sets them for light and dark at once, so that no page flashes.</summary>
public static class PortalTheme
{
    private static readonly string[] Family = ["Figtree", "system-ui", "sans-serif"];

    /// <summary>The theme.</summary>
    public static MudTheme Value { get; } = new()
    {
        LayoutProperties = new() { DefaultBorderRadius = "10px" },
        Typography = new()
        {
            Default = new DefaultTypography { FontFamily = Family, FontSize = "0.9375rem", LineHeight = "1.55" },
            Button = new ButtonTypography { FontFamily = Family, TextTransform = "none", FontWeight = "600", LetterSpacing = "0" },
        },
    };
}
