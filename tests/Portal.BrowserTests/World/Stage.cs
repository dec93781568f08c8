using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Sandbox;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;

namespace Portal.BrowserTests.World;

/// <summary>A sandbox, a portal and a browser: started by the first test that needs them and shared by all that have this stage.</summary>
public class Stage : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("portal-browser-").FullName;
    private readonly SemaphoreSlim _starting = new(1);
    private readonly Queue<string> _secrets = new();
    private readonly string? _postgres;
    private readonly Stage? _beside;
    private IPlaywright? _playwright;
    private PortalApp? _portal;
    private bool _started;

    /// <summary>A stage of its own, on SQLite.</summary>
    public Stage()
    {
    }

    /// <summary>A stage on a database that several share.</summary>
    /// <param name="postgres">The connection string of the database.</param>
    /// <param name="beside">The stage whose cloud and browser it shares; null for its own.</param>
    internal Stage(string postgres, Stage? beside) => (_postgres, _beside) = (postgres, beside);

    /// <summary>The cloud.</summary>
    public SandboxHost Sandbox { get; private set; } = null!;

    /// <summary>The browser.</summary>
    public IBrowser Browser { get; private set; } = null!;

    /// <summary>Where the portal is, without a slash at the end.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The portal's services.</summary>
    public IServiceProvider Services => _portal!.Services;

    /// <summary>The vault whose secrets the journeys are about.</summary>
    public const string Vault = "kv-payments-prod";

    /// <summary>A secret of <see cref="Vault" /> that can be asked for, and that no other test of this stage gets: whoever asks for it asks for nothing that another test has asked for, in whichever order they run.</summary>
    /// <exception cref="InvalidOperationException">Every secret of the vault is handed out.</exception>
    public string OwnSecret() => _secrets.Dequeue();

    /// <summary>The time of the portal and of the cloud.</summary>
    public SandboxClock Clock => Sandbox.Control.Clock;

    /// <inheritdoc />
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Starts everything, once, and waits until the catalog is filled.</summary>
    public async Task StartAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_started)
                return;
            Assertions.SetDefaultExpectTimeout(30_000);
            Sandbox = _beside?.Sandbox ?? await SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = Path.Combine(_directory, "sandbox") }, CancellationToken.None);
            _portal = new PortalApp(Sandbox, _directory, _postgres is null ? null : new SharedStore(_postgres, (_beside ?? this)._directory));
            _portal.StartServer();
            // By name, as it is registered with the sandbox.
            Address = $"http://localhost:{_portal.ClientOptions.BaseAddress.Port}";
            Browser = _beside?.Browser ?? await Chromium.StartAsync(_playwright = await Playwright.CreateAsync());
            await CatalogAsync();
            foreach (var secret in await ReadAsync(db => db.Secrets.Where(s => s.Vault.Name == Vault && s.Enabled).Select(s => s.Name).ToListAsync()))
                _secrets.Enqueue(secret);
            _started = true;
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Whoever acts in the portal, as a command of theirs would see them.</summary>
    public Task<Actor> ActorAsync(Person person)
    {
        var signedIn = new SignedInPerson(
            new PrincipalId(FenwickCompany.TenantId, person.Id), person.Name, null, new HashSet<PortalRole>(), new HashSet<Guid>(), new ClientInfo(null, null), null);
        return Use<IdentifyActor, Actor>(identify => identify.ExecuteAsync(signedIn, CancellationToken.None));
    }

    /// <summary>Asks for reading a secret, past the browser: for tests whose subject is what comes after.</summary>
    public async Task<SubmittedRequest> AskAsync(Person person, string vault, string secret, TimeSpan length, string justification, string? ticket = null, DateTimeOffset? start = null)
    {
        var actor = await ActorAsync(person);
        var scope = await ScopeAsync(vault, secret);
        var draft = new RequestDraft(scope, GrantableRole.SecretsUser.DefinitionId, start, length, justification, ticket);
        return Succeeded(await Use<SubmitRequest, Result<SubmittedRequest>>(submit => submit.ExecuteAsync(new RequestSubmission(Guid.NewGuid(), draft), actor, CancellationToken.None)));
    }

    /// <summary>Decides a request, past the browser.</summary>
    public async Task DecideAsync(Person person, SubmittedRequest request, Verdict verdict, string? comment = null)
    {
        var actor = await ActorAsync(person);
        Succeeded(await Use<DecideRequest, Result<Done>>(decide => decide.ExecuteAsync(new DecisionInput(request.RequestId, verdict, comment), actor, CancellationToken.None)));
    }

    /// <summary>Waits until a request is decided.</summary>
    /// <returns>The comment of its one decision; null when there is none.</returns>
    public async Task<string?> CommentOnAsync(SubmittedRequest request)
    {
        await UntilAsync($"{request.Reference} is decided", db => db.ApprovalDecisions.AnyAsync(a => a.RequestId == request.RequestId));
        return await ReadAsync(db => db.ApprovalDecisions.Where(a => a.RequestId == request.RequestId).Select(a => a.Comment).SingleAsync());
    }

    /// <summary>Revokes the access that came of a request, past the browser.</summary>
    public async Task RevokeAsync(Person person, SubmittedRequest request, string reason)
    {
        var actor = await ActorAsync(person);
        var grant = await ReadAsync(db => db.Grants.Where(g => g.RequestId == request.RequestId).Select(g => g.Id).SingleAsync());
        Succeeded(await Use<RevokeGrant, Result<Done>>(revoke => revoke.ExecuteAsync(new RevocationInput(grant, reason), actor, CancellationToken.None)));
    }

    /// <summary>In which state a request is saved.</summary>
    public Task<RequestState> StateOfAsync(SubmittedRequest request) => ReadAsync(db => db.AccessRequests.Where(r => r.Id == request.RequestId).Select(r => r.State).SingleAsync());

    /// <summary>How many requests are saved with exactly this justification.</summary>
    public Task<int> RequestsWithAsync(string justification) => ReadAsync(db => db.AccessRequests.CountAsync(r => r.Justification == justification));

    /// <summary>Asks, approves, and waits until the role is given.</summary>
    public async Task<SubmittedRequest> HoldsAsync(Person holder, Person approver, string vault, string secret, TimeSpan length, string justification)
    {
        var request = await AskAsync(holder, vault, secret, length, justification);
        await DecideAsync(approver, request, Verdict.Approved);
        await GrantReachesAsync(request, GrantState.Active);
        return request;
    }

    /// <summary>Waits until the grant of a request is in a state.</summary>
    /// <returns>The grant's id.</returns>
    public async Task<Guid> GrantReachesAsync(SubmittedRequest request, GrantState state)
    {
        var id = Guid.Empty;
        await UntilAsync($"the grant of {request.Reference} is {state}", async db =>
            (id = await db.Grants.Where(g => g.RequestId == request.RequestId && g.State == state).Select(g => g.Id).SingleOrDefaultAsync()) != Guid.Empty);
        return id;
    }

    /// <summary>Reads the portal's database.</summary>
    public async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        return await read(db);
    }

    /// <summary>Waits for something in the portal's database, for at most a minute.</summary>
    public async Task UntilAsync(string what, Func<PortalDb, Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await ReadAsync(holds))
            if (patience.IsCancellationRequested)
                Assert.Fail($"Waited in vain until {what}.");
            else
                await tick.WaitForNextTickAsync(CancellationToken.None);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Browser is not null && _beside is null)
            await Browser.DisposeAsync();
        _playwright?.Dispose();
        if (_portal is not null)
            await _portal.DisposeAsync();
        if (Sandbox is not null && _beside is null)
            await Sandbox.DisposeAsync();
        _starting.Dispose();
        // The other stages' pools go with them, and are filled again.
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }

    // The portal's own first sync may be under way: what it and this one find is the same.
    private Task CatalogAsync() => UntilAsync("the catalog is filled", async db =>
        await db.Vaults.CountAsync() == Sandbox.Control.Resources.Vaults.Count && await db.Secrets.Select(s => s.VaultId).Distinct().CountAsync() >= 5);

    private Task<string> ScopeAsync(string vault, string secret) =>
        ReadAsync(async db => ArmId.OfSecret(await db.Vaults.Where(v => v.Name == vault).Select(v => v.ArmId).SingleAsync(), secret));

    private async Task<TResult> Use<TUseCase, TResult>(Func<TUseCase, Task<TResult>> use) where TUseCase : notnull
    {
        await using var scope = Services.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<TUseCase>());
    }

    private static T Succeeded<T>(Result<T> result)
    {
        Assert.True(result.Succeeded, string.Join(", ", result.Refusals.Select(r => r.Code)));
        return result.Value;
    }
}
