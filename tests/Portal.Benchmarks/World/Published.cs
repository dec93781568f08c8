using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Portal.Benchmarks.World;

/// <summary>A program as it is shipped: published for Release, and started as a process of its own.</summary>
/// <param name="Directory">Where it was published to.</param>
/// <param name="Name">Its name, without an extension.</param>
internal sealed record Published(string Directory, string Name)
{
    /// <summary>The environment variable that names a directory to keep what is built on the way: a ReadyToRun build takes minutes, the next one seconds.</summary>
    public const string ArtifactsVariable = "PORTAL_BENCH_ARTIFACTS";

    /// <summary>Publishes a project of this repository. What is built on the way stays out of the checkout.</summary>
    public static async Task<Published> MakeAsync(string project, string directory, bool readyToRun)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        var to = Path.Combine(directory, name);
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = Root(), RedirectStandardOutput = true };
        string[] arguments = ["publish", project, "-c", "Release", "-o", to, "--artifacts-path", Environment.GetEnvironmentVariable(ArtifactsVariable) ?? Path.Combine(directory, "artifacts"), "-nologo", "-v", "quiet"];
        string[] native = ["-r", "linux-x64", "-p:PublishReadyToRun=true", "--self-contained", "false"];
        foreach (var argument in readyToRun ? [.. arguments, .. native] : arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? new Published(to, name) : throw new InvalidOperationException($"{project} could not be published:\n{said}");
    }

    /// <summary>Starts it.</summary>
    /// <param name="port">Where it is to listen.</param>
    /// <param name="settings">Environment variables.</param>
    public Process Start(int port, IReadOnlyDictionary<string, string>? settings = null)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = Directory, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(Directory, Name + ".dll"));
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        var process = Process.Start(start)!;
        // Nobody reads them, and a full pipe would stop it.
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Waits for the first 200.</summary>
    public static async Task AnswersAsync(HttpClient http, string address, Process process)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(address, patience.Token);
                if (answer.StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // Not listening yet.
            }

            await Task.Delay(2, patience.Token);
        }
    }

    /// <summary>A port that is free now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Portal.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException("Portal.sln is in no folder above.");
    }
}
