using System.Globalization;
using Portal.Core.Data;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>What random histories have in common.</summary>
internal static class Histories
{
    /// <summary>How many to live: as many as PORTAL_TEST_HISTORIES says, which is the long form.</summary>
    public static int Count(int shortForm) =>
        Environment.GetEnvironmentVariable("PORTAL_TEST_HISTORIES") is { Length: > 0 } many ? int.Parse(many, CultureInfo.InvariantCulture) : shortForm;

    /// <summary>What a call throws when the process dies at it.</summary>
    public static Exception ProcessGone() => new ProcessGoneException();

    /// <summary>Works until nothing is due. A process that dies leaves its claim, which the next worker takes up when the lease has run out.</summary>
    public static async Task WorkThroughCrashesAsync(this PortalWorld world)
    {
        for (var round = 0; round < 20; round++)
        {
            var claims = await world.ClaimAsync();
            if (claims.Count == 0)
                return;
            foreach (var claim in claims)
            {
                try
                {
                    await world.DriveAsync(claim);
                }
                catch (ProcessGoneException)
                {
                    // As every process that is killed: nobody is there to do anything about it.
                }
            }
        }
    }

    /// <summary>Each answer of Resource Manager brings its time along.</summary>
    public static void HearTheCloud(this PortalWorld world) => world.Get<ClockWatch>().HearResourceManager(world.Clock.GetUtcNow(), world.Clock.GetTimestamp());

    private sealed class ProcessGoneException : Exception;
}
