using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Portal.Benchmarks.Seeding;
using Portal.Benchmarks.World;

namespace Portal.Benchmarks;

/// <summary>A portal in a process of its own, so that what is measured in it is the portal's and not the measuring client's. Speaks one line per answer.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    /// <summary>The first argument of a process that is one.</summary>
    public const string Name = "host";

    private readonly Process _process;

    private HostProcess(Process process) => _process = process;

    /// <summary>Where the portal is.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Starts one, with some requests in its database.</summary>
    public static async Task<HostProcess> StartAsync()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, Name) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Insert(0, typeof(HostProcess).Assembly.Location);
        var host = new HostProcess(Process.Start(start)!);
        host.Address = await host.LineAsync("address ");
        return host;
    }

    /// <summary>Bytes that the process's managed heap holds after everything dead is gone.</summary>
    public async Task<long> HeapAsync()
    {
        await _process.StandardInput.WriteLineAsync("heap");
        await _process.StandardInput.FlushAsync();
        return long.Parse(await LineAsync("heap "), CultureInfo.InvariantCulture);
    }

    /// <summary>What the other process does.</summary>
    public static async Task<int> ServeAsync()
    {
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        try
        {
            await using var sandbox = await PortalApp.StartSandboxAsync(directory);
            await using (await PortalApp.StartAsync(sandbox, directory))
            {
            }

            SqliteConnection.ClearAllPools();
            PortalSeed.Fill(PortalApp.DatabaseIn(directory), new SeedPlan(10_000));
            await using var portal = await PortalApp.StartAsync(sandbox, directory);
            Console.WriteLine($"address {portal.Address}");
            while (await Console.In.ReadLineAsync() is "heap")
                Console.WriteLine($"heap {Heap()}");
            return 0;
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static long Heap()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private async Task<string> LineAsync(string prefix)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            if (line.StartsWith(prefix, StringComparison.Ordinal))
                return line[prefix.Length..];
        throw new InvalidOperationException("The portal's process ended.");
    }
}
