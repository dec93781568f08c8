using Portal.Tests.World;

namespace Portal.BrowserTests.World;

/// <summary>A test with people at browsers. When it ends, no browser may have complained: no script error, no violation of the content security policy, nothing missing.</summary>
public abstract class BrowserTest(Stage stage) : IAsyncLifetime
{
    private readonly List<Visitor> _visitors = [];

    /// <summary>The sandbox, the portal and the browser.</summary>
    protected Stage Stage { get; } = stage;

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(Chromium.Missing is not null, Chromium.Missing ?? "");
        Assert.SkipWhen(Stage is null, PortalDatabase.WhyUnavailable(DatabaseKind.PostgreSql) ?? "");
        await Stage!.StartAsync();
    }

    /// <summary>A browser that nobody has signed in with.</summary>
    /// <param name="phone">Whether it is a phone's: narrow, and touched instead of pointed at.</param>
    /// <param name="cookies">The storage state of an earlier browser; null for an empty one.</param>
    /// <param name="at">Where it goes; null for the test's own stage.</param>
    protected async Task<Visitor> VisitorAsync(bool phone = false, string? cookies = null, Stage? at = null)
    {
        var visitor = await Visitor.ArriveAsync(at ?? Stage, phone, cookies);
        _visitors.Add(visitor);
        return visitor;
    }

    /// <summary>A browser in which somebody has signed in.</summary>
    protected async Task<Visitor> SignedInAsync(Person person, string url = "/", bool phone = false)
    {
        var visitor = await VisitorAsync(phone);
        await visitor.SignInAsync(person, url);
        return visitor;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            if (TestContext.Current.TestState?.Result == TestResult.Failed)
                await KeepPicturesAsync();
            else
                Assert.All(_visitors, visitor => Assert.Empty(visitor.Complaints));
        }
        finally
        {
            foreach (var visitor in _visitors)
                await visitor.LeaveAsync();
        }
    }

    /// <summary>What every browser showed when the test failed, beside the test's assembly.</summary>
    private async Task KeepPicturesAsync()
    {
        var name = TestContext.Current.Test?.TestDisplayName ?? "test";
        foreach (var (index, visitor) in _visitors.Index())
        {
            var file = Path.Combine(AppContext.BaseDirectory, "failures", $"{string.Concat(name.Where(char.IsLetterOrDigit).Take(80))}-{index}.png");
            Console.Error.WriteLine($"{file}: {visitor.Page.Url.Split('?')[0]} {string.Join(" | ", visitor.Complaints)}");
            Console.Error.WriteLine(visitor.Trace);
            await visitor.Page.ScreenshotAsync(new() { Path = file });
        }
    }
}
