using System.Globalization;

namespace Portal.Reliability.Worker;

/// <summary>The process that is killed. It hosts one portal or several, each with a database and a part of the cloud of its own.</summary>
/// <remarks>It reads settings from its standard input, a line each, up to an empty one: first its own (<see cref="ProcessSettings"/>), then those of each portal (<see cref="WorkerSettings"/>), until there are none. It says <c>ready</c> when all portals look for work, takes orders for <see cref="Failpoint"/> from then on, and ends when its standard input does, so that none outlives the harness.</remarks>
internal static class WorkerProcess
{
    /// <summary>The first argument of a process that is one.</summary>
    public const string Name = "worker";

    public static async Task<int> RunAsync()
    {
        // Whoever starts it may not need it yet: it waits here.
        var own = await ReadSettingsAsync();
        var failpoint = new Failpoint();
        if (own.GetValueOrDefault(ProcessSettings.Failpoint) is { } order)
            failpoint.Arm(order);
        var portals = new List<HostedPortal>();
        while (await ReadSettingsAsync() is { Count: > 0 } settings)
            portals.Add(new HostedPortal(settings));
        portals.ForEach(portal => failpoint.Watch(portal.Steps));
        await Task.WhenAll(portals.Select(portal => portal.StartAsync()));
        await using var pulse = own.ContainsKey(ProcessSettings.Pulse) ? new Pulse((due, came) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"late {due.ToUnixTimeMilliseconds()} {came.ToUnixTimeMilliseconds()}"))) : null;
        await Console.Out.WriteLineAsync("ready");
        await Console.Out.FlushAsync();
        while (await Console.In.ReadLineAsync() is { } later)
            failpoint.Arm(later);

        await Task.WhenAll(portals.Select(portal => portal.StopAsync()));
        portals.ForEach(portal => portal.Dispose());
        return 0;
    }

    private static async Task<Dictionary<string, string?>> ReadSettingsAsync()
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        while (await Console.In.ReadLineAsync() is { Length: > 0 } line)
        {
            var at = line.IndexOf('=', StringComparison.Ordinal);
            settings[line[..at]] = line[(at + 1)..];
        }

        return settings;
    }
}
