using System.Globalization;

namespace Portal.Web.Hosting;

/// <summary>Words from resources, dates and numbers as the reader's browser asks for them.</summary>
public static class PortalLocalization
{
    private static readonly CultureInfo[] Languages = [CultureInfo.GetCultureInfo("en")];

    /// <summary>Registers localization. A language is added by a set of resources and one entry above.</summary>
    public static IServiceCollection AddPortalLocalization(this IServiceCollection services) => services
        .AddLocalization()
        .Configure<RequestLocalizationOptions>(localization =>
        {
            localization.SetDefaultCulture("en");
            localization.SupportedUICultures = Languages;
            // Words exist in few languages; how a date looks is known for all.
            localization.SupportedCultures = CultureInfo.GetCultures(CultureTypes.SpecificCultures | CultureTypes.NeutralCultures);
        });
}
