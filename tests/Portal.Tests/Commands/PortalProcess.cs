using System.Diagnostics;

namespace Portal.Tests.Commands;

/// <summary>The portal's executable as a process of its own, in Development.</summary>
internal static class PortalProcess
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="directory">Its data directory, and where it is started.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Task<(int Code, string Out, string Error)> RunAsync(string directory, params IReadOnlyList<string> arguments) => RunAsync(directory, arguments, new Dictionary<string, string>());

    /// <summary>Runs it to its end.</summary>
    /// <param name="directory">Its data directory, and where it is started.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="settings">Further environment variables.</param>
    public static async Task<(int Code, string Out, string Error)> RunAsync(string directory, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> settings)
    {
        var ct = TestContext.Current.CancellationToken;
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Portal.Web.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["Portal__DataDirectory"] = directory;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, await output, await error);
    }
}
