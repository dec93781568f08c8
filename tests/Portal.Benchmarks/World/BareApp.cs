using System.Diagnostics;
using System.Globalization;

namespace Portal.Benchmarks.World;

/// <summary>The app whose bare page is the bound, in a process of its own.</summary>
internal sealed class BareApp : IAsyncDisposable
{
    /// <summary>Its project.</summary>
    public const string Project = "tests/Portal.Benchmarks/MudOnly/MudOnly.csproj";

    private readonly HttpClient _http = new();
    private readonly Process _process;

    private BareApp(Process process, string address)
    {
        _process = process;
        Address = address;
    }

    /// <summary>Where it is, without a slash at the end.</summary>
    public string Address { get; }

    /// <summary>Publishes and starts it.</summary>
    public static async Task<BareApp> StartAsync(string directory)
    {
        var published = await Published.MakeAsync(Project, directory, readyToRun: false);
        var port = Published.FreePort();
        var app = new BareApp(published.Start(port), $"http://127.0.0.1:{port}");
        await Published.AnswersAsync(app._http, app.Address + "/alive", app._process);
        return app;
    }

    /// <summary>Bytes that its managed heap holds after everything dead is gone.</summary>
    public async Task<long> HeapAsync() => long.Parse(await _http.GetStringAsync(Address + "/heap"), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _http.Dispose();
    }
}
