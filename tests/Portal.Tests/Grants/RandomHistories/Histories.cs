using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>What random histories have in common.</summary>
internal static class Histories
{
    /// <summary>Who asks beside Mira.</summary>
    public static readonly TestPerson Nadia = new("Nadia Brandt", "nadia@fenwick.example", new("6a51cfa7-83b6-41d3-9f62-b4500370e106"), [PortalRole.Requester], [Company.PaymentsEngineers]);

    /// <summary>How many to live: as many as PORTAL_TEST_HISTORIES says, which is the long form.</summary>
    public static int Count(int shortForm) =>
        Environment.GetEnvironmentVariable("PORTAL_TEST_HISTORIES") is { Length: > 0 } many ? int.Parse(many, CultureInfo.InvariantCulture) : shortForm;

    /// <summary>A history that failed, to be read: step by step, none left out.</summary>
    public static string Tell<T>(T[] steps) where T : notnull => string.Concat(steps.Select(step => $"\n  {step}"));

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

    /// <summary>The acting portal can read its database, which takes no writes of it, or no audit events, for a while: all its workers go on as they do, and what is refused to them is theirs to bear.</summary>
    /// <param name="world">The world.</param>
    /// <param name="time">How long.</param>
    /// <param name="auditOnly">Whether only events are refused.</param>
    /// <param name="meanwhile">What others do all the while; null for nothing.</param>
    public static async Task EndureOutageAsync(this PortalWorld world, TimeSpan time, bool auditOnly, Func<Task>? meanwhile = null)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += RevokeInOutage.Grace)
        {
            if (auditOnly)
                world.DatabaseFaults.RefuseAuditEvents();
            else
                world.DatabaseFaults.RefuseWrites();
            await world.BearAsync(world.WorkThroughCrashesAsync);
            await world.BearAsync(world.EnterSpooledAsync);
            try
            {
                await world.Get<RevokeInOutage>().ExecuteAsync(Actor.System, Ct);
            }
            catch (ProcessGoneException)
            {
                await world.RestartAsync();
                world.Get<RevocationSpool>().Open();
            }

            world.Clock.Advance(RevokeInOutage.Grace);
            if (meanwhile is not null)
                await meanwhile();
        }

        world.DatabaseFaults.Break = null;
        await world.EnterSpooledAsync();
        Assert.False(world.Get<RevocationSpool>().HasOwn);
    }

    /// <summary>Its holder gives a grant back, or an administrator revokes it; one that is over already is left as it is.</summary>
    public static async Task EndAsync(this PortalWorld world, Guid grant, bool revoke)
    {
        var holder = await world.ReadAsync(db => db.Grants.Where(g => g.Id == grant).Select(g => g.PrincipalObjectId).SingleAsync());
        _ = revoke ? await world.RevokeAsync(grant, Company.Tomas) : await world.ReturnAsync(grant, holder == Nadia.ObjectId ? Nadia : Company.Mira);
    }

    /// <summary>Enters what was taken back in an outage.</summary>
    public static Task EnterSpooledAsync(this PortalWorld world) => world.Get<EnterSpooledRevocations>().ExecuteAsync(Actor.System, Ct);

    /// <summary>Has the acting portal work as its workers do: what its database refuses to it, it looks at again.</summary>
    public static async Task BearAsync(this PortalWorld world, Func<Task> work)
    {
        var faults = world.DatabaseFaults;
        try
        {
            await work();
        }
        catch (Exception refused) when (faults.Break is not null && refused is (IOException or DbUpdateException or DbException or InvalidOperationException { InnerException: not null }))
        {
            // As every worker.
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The process has died.</summary>
    public sealed class ProcessGoneException : Exception;
}
