using System.Globalization;
using Portal.Core.Audit.Retention;

namespace Portal.Web.Audit;

/// <summary>Reads how long audit events are kept.</summary>
public static class ConfiguredRetention
{
    /// <summary>The configuration key: days, hours, minutes and seconds, such as <c>400.00:00:00</c>. Without it events are kept for ever.</summary>
    public const string Key = "Audit:Retention";

    /// <summary>Reads it.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="faults">Receives a sentence when it is not valid.</param>
    public static RetentionOptions Read(IConfiguration configuration, ICollection<string> faults)
    {
        if (string.IsNullOrWhiteSpace(configuration[Key]))
            return new RetentionOptions(null);
        if (TimeSpan.TryParseExact(configuration[Key], "c", CultureInfo.InvariantCulture, out var period) && period >= RetentionOptions.Shortest)
            return new RetentionOptions(period);
        faults.Add($"{Key}: '{configuration[Key]}' is not valid; how long audit events are kept, at least {RetentionOptions.Shortest.TotalDays} days, as days.hours:minutes:seconds (400.00:00:00). Leave it out to keep them for ever.");
        return new RetentionOptions(null);
    }

    /// <summary>Registers what is configured.</summary>
    public static void AddAuditRetention(this IServiceCollection services) =>
        services.AddSingleton(provider => Read(provider.GetRequiredService<IConfiguration>(), []));
}
