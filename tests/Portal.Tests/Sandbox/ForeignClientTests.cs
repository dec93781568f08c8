using System.ComponentModel;
using System.Diagnostics;

namespace Portal.Tests.Sandbox;

/// <summary>Azure's npm packages against the sandbox, with their own checks on: the script of docs/sandbox.md.</summary>
public sealed class ForeignClientTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task The_npm_packages_work_with_their_checks_on()
    {
        var directory = Directory.CreateTempSubdirectory("sandbox-npm-").FullName;
        try
        {
            foreach (var file in new[] { "package.json", "clients.mjs" }) File.Copy(Path.Combine(AppContext.BaseDirectory, "foreign-clients", file), Path.Combine(directory, file));
            var install = await RunAsync(directory, OperatingSystem.IsWindows() ? "npm.cmd" : "npm", "install", "--no-audit", "--no-fund", "--prefer-offline");
            Assert.SkipWhen(install is null, "Node.js and npm are not installed.");
            Assert.SkipUnless(install.Value.Code == 0, $"The npm packages cannot be had here: {install.Value.Output}");

            var run = await RunAsync(directory, "node", "clients.mjs");
            Assert.SkipWhen(run is null, "Node.js is not installed.");
            Assert.True(run.Value.Code == 0, run.Value.Output);
            Assert.Contains("6 steps passed", run.Value.Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task<(int Code, string Output)?> RunAsync(string directory, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["NODE_EXTRA_CA_CERTS"] = program == "node" ? sandbox.Host.CertificateFile : null;
        if (program != "node" && Environment.GetEnvironmentVariable("NODE_EXTRA_CA_CERTS") is { } own) start.Environment["NODE_EXTRA_CA_CERTS"] = own;
        start.Environment["SANDBOX_PORT"] = sandbox.Host.Addresses.HttpsPort.ToString(System.Globalization.CultureInfo.InvariantCulture);
        start.Environment["SANDBOX_CLIENT_SECRET"] = sandbox.Host.ExplorerClient.ClientSecret;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(limit.Token);
                var errors = process.StandardError.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                return (process.ExitCode, await output + await errors);
            }
            finally
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
