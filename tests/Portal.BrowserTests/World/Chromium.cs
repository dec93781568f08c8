using Microsoft.Playwright;

namespace Portal.BrowserTests.World;

/// <summary>Finds and starts the browser of the machine; nothing is downloaded.</summary>
internal static class Chromium
{
    // Without these Chromium calls home, which a closed network answers with long waits.
    private static readonly string[] Arguments = ["--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];

    /// <summary>The program: what the environment variable PORTAL_TEST_CHROMIUM names, otherwise the first of the usual places that has one; null when there is none.</summary>
    public static string? Path { get; } = Environment.GetEnvironmentVariable("PORTAL_TEST_CHROMIUM") is { Length: > 0 } named ? named : Places.FirstOrDefault(File.Exists);

    /// <summary>Why the tests of this project cannot run here; null when they can.</summary>
    public static string? Missing => Path is not null && File.Exists(Path) ? null : "Chromium is not installed (apt-get install chromium, or set PORTAL_TEST_CHROMIUM to its path).";

    /// <summary>Starts it.</summary>
    public static Task<IBrowser> StartAsync(IPlaywright playwright) => playwright.Chromium.LaunchAsync(new() { ExecutablePath = Path, Args = Arguments });
}
