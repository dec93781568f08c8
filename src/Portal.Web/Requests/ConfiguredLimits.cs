using System.Globalization;
using Portal.Core.Requests;

namespace Portal.Web.Requests;

/// <summary>Reads how many requests one person may send within an hour.</summary>
public static class ConfiguredLimits
{
    /// <summary>The configuration key: a whole number.</summary>
    public const string Key = "Requests:MostPerHour";

    /// <summary>The most that can be configured: each request is looked for among so many.</summary>
    public const int Most = 10_000;

    /// <summary>Reads it.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="faults">Receives a sentence when it is not valid.</param>
    public static RequestLimits Read(IConfiguration configuration, ICollection<string> faults)
    {
        if (string.IsNullOrWhiteSpace(configuration[Key]))
            return new RequestLimits();
        if (int.TryParse(configuration[Key], NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most is >= 1 and <= Most)
            return new RequestLimits(most);
        faults.Add($"{Key}: '{configuration[Key]}' is not valid; how many requests one person may send within an hour, from 1 to {Most}. Leave it out for {RequestLimits.UsualPerHour}.");
        return new RequestLimits();
    }

    /// <summary>Registers what is configured.</summary>
    public static void AddRequestLimits(this IServiceCollection services) =>
        services.AddSingleton(provider => Read(provider.GetRequiredService<IConfiguration>(), []));
}
