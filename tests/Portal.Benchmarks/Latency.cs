using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Benchmarks.World;
using Portal.BrowserTests.World;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Sandbox;
using Portal.Sandbox.Company;

namespace Portal.Benchmarks;

/// <summary>How long people wait: from sending to the approver's screen, from the yes to the role, from the no to its end. Beside it the HTTP calls that were made meanwhile, timed with a bare client in the same run.</summary>
internal static class Latency
{
    private const string Vault = "kv-payments-test";

    // A page is redrawn at most every 250 ms. People ask one after another, not in bursts.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        try
        {
            await using var sandbox = await PortalApp.StartSandboxAsync(directory);
            await using var portal = await PortalApp.StartAsync(sandbox, directory);
            using var playwright = await Playwright.CreateAsync();
            await using var browser = await Chromium.StartAsync(playwright);
            var inbox = await Inbox.OpenAsync(browser, portal.Address, FenwickCompany.Priya);
            using var bare = await BareCloud.ConnectAsync(sandbox);
            await MeasureAsync(sandbox, portal, inbox, bare, smoke ? 2 : 10, smoke ? 3 : 200);
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task MeasureAsync(SandboxHost sandbox, PortalApp portal, Inbox inbox, BareCloud bare, int warmUps, int runs)
    {
        var secrets = await portal.ReadAsync(db => db.Secrets.Where(s => s.ArmId.Contains($"/{Vault}/") && s.Enabled && s.DeletedAt == null).OrderBy(s => s.Name).Select(s => s.ArmId).ToListAsync());
        var steps = new Step[] { new("request sent → shown in the inbox (Chromium)"), new("approve → active"), new("revoke → gone") };
        for (var run = -warmUps; run < runs; run++)
        {
            var scope = secrets[(run + warmUps) % secrets.Count];
            var start = Stopwatch.GetTimestamp();
            var request = await steps[0].TimeAsync(sandbox, run, start, async () =>
            {
                var draft = new RequestDraft(scope, GrantableRole.SecretsUser.DefinitionId, null, TimeSpan.FromMinutes(30), "Measuring", null);
                var sent = (await UseAsync<SubmitRequest, Result<SubmittedRequest>>(portal, async submit =>
                    await submit.ExecuteAsync(new RequestSubmission(Guid.NewGuid(), draft), await ActorAsync(portal, FenwickCompany.Mira, "Mira Okafor"), CancellationToken.None))).Value;
                return (sent, await inbox.SeenAsync(sent.Reference));
            });
            var grant = await steps[1].TimeAsync(sandbox, run, Stopwatch.GetTimestamp(), () => ReachesAsync(portal, request.RequestId, GrantState.Active, async () =>
                _ = (await UseAsync<DecideRequest, Result<Done>>(portal, async decide =>
                    await decide.ExecuteAsync(new DecisionInput(request.RequestId, Verdict.Approved, null), await ActorAsync(portal, FenwickCompany.Priya, "Priya Raman"), CancellationToken.None))).Value));
            await steps[2].TimeAsync(sandbox, run, Stopwatch.GetTimestamp(), () => ReachesAsync(portal, request.RequestId, GrantState.Ended, async () =>
                _ = (await UseAsync<RevokeGrant, Result<Done>>(portal, async revoke =>
                    await revoke.ExecuteAsync(new RevocationInput(grant, "Measured"), await ActorAsync(portal, FenwickCompany.Tomas, "Tomás Herrera"), CancellationToken.None))).Value));
            await bare.RoundAsync(scope);
            await Task.Delay(Pause);
        }

        Report.Row("step", "p50 ms", "p99 ms", "most", "calls in it", "those calls bare, p50 ms", "ratio at p50");
        Report.Row("---", "---", "---", "---", "---", "---", "---");
        foreach (var step in steps)
            step.Tell(bare);
        bare.Tell();
    }

    /// <summary>Does something, and waits until the grant of a request is saved in a state. Told by the same feed that screens hear.</summary>
    private static async Task<(Guid Grant, long At)> ReachesAsync(PortalApp portal, Guid request, GrantState state, Func<Task> act)
    {
        using var told = new SemaphoreSlim(0);
        using var subscription = portal.Services.GetRequiredService<ChangeFeed>().Subscribe(change =>
        {
            if (change.RequestId == request)
                told.Release();
        });
        await act();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var id = await portal.ReadAsync(db => db.Grants.Where(g => g.RequestId == request && g.State == state).Select(g => g.Id).SingleOrDefaultAsync());
            if (id != Guid.Empty)
                return (id, Stopwatch.GetTimestamp());
            await told.WaitAsync(patience.Token);
        }
    }

    private static Task<Actor> ActorAsync(PortalApp portal, Guid person, string name) => UseAsync<IdentifyActor, Actor>(portal, identify => identify.ExecuteAsync(
        new SignedInPerson(new PrincipalId(FenwickCompany.TenantId, person), name, null, new HashSet<PortalRole>(), new HashSet<Guid>(), new ClientInfo(null, null), null), CancellationToken.None));

    private static async Task<TResult> UseAsync<TUseCase, TResult>(PortalApp portal, Func<TUseCase, Task<TResult>> use) where TUseCase : notnull
    {
        await using var scope = portal.Services.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<TUseCase>());
    }

    /// <summary>One kind of waiting: its times, and the calls that reached the cloud meanwhile.</summary>
    private sealed class Step(string name)
    {
        private readonly List<double> _times = [];
        private readonly List<string> _calls = [];

        public async Task<T> TimeAsync<T>(SandboxHost sandbox, int run, long start, Func<Task<(T Made, long At)>> act)
        {
            sandbox.Control.Requests.Clear();
            var (made, at) = await act();
            if (run < 0)
                return made;
            _times.Add(Stopwatch.GetElapsedTime(start, at).TotalMilliseconds);
            _calls.AddRange(sandbox.Control.Requests.Calls.Select(call => call.Method));
            return made;
        }

        public void Tell(BareCloud bare)
        {
            var calls = _calls.CountBy(method => method).OrderBy(c => c.Key).Select(c => (Method: c.Key, PerRun: (double)c.Value / _times.Count)).ToList();
            var bound = calls.Sum(c => c.PerRun * bare.Median(c.Method));
            var median = Report.Median(_times);
            Report.Row(name, Report.Text(median), Report.Text(Report.Percentile(_times, 0.99)), Report.Text(_times.Max()),
                string.Join(", ", calls.Select(c => $"{Report.Text(c.PerRun)} {c.Method}")), Report.Text(bound), bound > 0 ? Report.Text(median / bound) : "–");
        }
    }

    /// <summary>The approver's inbox on screen: says when a request appeared in the document.</summary>
    private sealed class Inbox
    {
        private const string Watch = """
            (() => {
                const known = new Set();
                const look = () => document.querySelectorAll("[id^=waiting-]").forEach(e => { if (!known.has(e.id)) { known.add(e.id); window.appeared(e.id.slice(8)); } });
                new MutationObserver(look).observe(document, { childList: true, subtree: true });
            })();
            """;

        private readonly ConcurrentDictionary<string, TaskCompletionSource<long>> _seen = new(StringComparer.Ordinal);

        public static async Task<Inbox> OpenAsync(IBrowser browser, string portal, Guid person)
        {
            var inbox = new Inbox();
            var page = await Tabs.SignInAsync(browser, portal, person);
            await page.ExposeFunctionAsync("appeared", (string reference) => inbox.Of(reference).TrySetResult(Stopwatch.GetTimestamp()));
            await page.AddInitScriptAsync(Watch);
            await Tabs.OpenAsync(page, portal + "/approvals");
            return inbox;
        }

        public Task<long> SeenAsync(string reference) => Of(reference).Task.WaitAsync(TimeSpan.FromSeconds(30));

        private TaskCompletionSource<long> Of(string reference) => _seen.GetOrAdd(reference, _ => new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
