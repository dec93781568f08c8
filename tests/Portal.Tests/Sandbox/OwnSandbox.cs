namespace Portal.Tests.Sandbox;

/// <summary>A sandbox for one test that changes the company.</summary>
internal sealed class OwnSandbox : IAsyncDisposable
{
    private readonly SandboxFixture _fixture = new();
    private bool _started;

    public async Task<SandboxFixture> StartAsync()
    {
        await _fixture.InitializeAsync();
        _started = true;
        return _fixture;
    }

    public async ValueTask DisposeAsync()
    {
        if (_started) await _fixture.DisposeAsync();
    }
}
