using Microsoft.AspNetCore.Components;

namespace Portal.Web.Components;

/// <summary>
/// The symbols that <see cref="Icon"/> and the brand's mark point to, in the document itself. Every icon is taken out and put in anew when a page becomes interactive; where the symbols were a file,
/// browsers let go of it then and fetched it again, and in one page of thirty drew none of the icons that had waited for it.
/// </summary>
internal static class IconSheet
{
    /// <summary><c>wwwroot/icons/portal.svg</c> as it is; draws nothing by itself.</summary>
    public static RenderFragment Markup { get; } = Drawn();

    private static RenderFragment Drawn()
    {
        using var file = typeof(IconSheet).Assembly.GetManifestResourceStream("portal.svg") ?? throw new InvalidOperationException("The assembly lacks portal.svg.");
        using var text = new StreamReader(file);
        var symbols = text.ReadToEnd();
        return builder => builder.AddMarkupContent(0, symbols);
    }
}
