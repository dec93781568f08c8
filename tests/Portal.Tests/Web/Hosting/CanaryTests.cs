using System.Buffers;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Portal.Core.Grants;
using Portal.Sandbox.Company;

namespace Portal.Tests.Web.Hosting;

/// <summary>Runs the whole job with everything on record, and then looks for what must be on no record: values of secrets, tokens, codes, client secrets.</summary>
[Collection(HostedPortal.Name)]
public sealed partial class CanaryTests
{
    private const string Vault = "kv-payments-prod";
    private const string Secret = "stripe-restricted-key";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_secret_and_no_token_is_told_to_anyone()
    {
        using var telltales = new Telltales();
        await using var host = await PortalHost.StartAsync(new HostSetup
        {
            Logging = logging => logging.ClearProviders().AddProvider(telltales).SetMinimumLevel(LogLevel.Trace),
            // Whatever the configuration quietens is loud here; what the portal itself quietens stays so.
            Settings = ((string[])["Default", "Microsoft.AspNetCore", "Microsoft.AspNetCore.DataProtection", "Microsoft.EntityFrameworkCore", "Microsoft.Hosting.Lifetime", "Microsoft.Identity", "Quartz"])
                .ToDictionary(category => $"Logging:LogLevel:{category}", _ => (string?)"Trace"),
        });
        var said = new List<(string, string)>();
        await host.CatalogAsync();
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        var request = (await host.AskAsync(FenwickCompany.Mira, Vault, Secret, TimeSpan.FromMinutes(30))).Value;
        Assert.Equal(ProbeVerdict.Refused, await BeforeAsync(host, mira));
        Assert.True((await host.ApproveAsync(FenwickCompany.Priya, request)).Succeeded);
        var grant = await host.GrantReachesAsync(request, GrantState.Active);
        Assert.Equal(ProbeVerdict.Open, await TestAsync(host, mira, grant));
        said.Add(("page", await mira.TextAsync($"/requests/{request.Reference}")));
        host.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(31));
        await host.GrantReachesAsync(request, GrantState.Ended);
        Assert.Equal(ProbeVerdict.Refused, await TestAsync(host, mira, grant));

        // What goes wrong is told at greater length.
        host.Tap.Forge = token => token[..^6] + "AAAAAA";
        using (var visitor = host.Visitor())
        using (var failed = await visitor.SignInAsync(FenwickCompany.Jonas))
        {
            Assert.Null(visitor.SignInCookie);
            said.Add(("page", await visitor.TextAsync("/account/sign-in-failed")));
        }

        host.Tap.Forge = null;
        using var ingrid = await host.SignedInAsync(FenwickCompany.Ingrid);
        foreach (var url in (string[])["/audit", "/audit/export", "/no-such-page", "/catalog"])
        {
            using var answer = await ingrid.GetAsync(url);
            said.Add((url, await answer.Content.ReadAsStringAsync(Ct)));
        }

        await host.ReadAsync(db => db.Database.ExecuteSqlRawAsync("ALTER TABLE \"AuditEvents\" RENAME TO \"Elsewhere\"", Ct));
        using (var broken = await ingrid.GetAsync("/audit/export"))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, broken.StatusCode);
            said.Add(("error page", await broken.Content.ReadAsStringAsync(Ct)));
        }

        await host.ReadAsync(db => db.Database.ExecuteSqlRawAsync("ALTER TABLE \"Elsewhere\" RENAME TO \"AuditEvents\"", Ct));
        var stored = await RowsAsync(host.SqliteFile);
        var confidential = Confidential(host);
        // That there was something to leak, and something that could have leaked it.
        Assert.True(confidential.Count > 90, $"{confidential.Count} confidential values");
        Assert.Contains(host.Tap.Confidential, token => Jwt().IsMatch(token));
        foreach (var kind in (string[])["log Microsoft.AspNetCore", "log Microsoft.EntityFrameworkCore", "log Portal.", "span ", "metric "])
            Assert.Contains(telltales.Told, told => told.Source.StartsWith(kind, StringComparison.Ordinal));
        Assert.Contains(stored, row => row.Text.Contains(Secret, StringComparison.Ordinal));

        var any = SearchValues.Create([.. confidential, "eyJ"], StringComparison.Ordinal);
        var leaks = telltales.Told.Concat(stored).Concat(said).Where(told => told.Item2.AsSpan().ContainsAny(any))
            .SelectMany(told => confidential.Where(value => told.Item2.Contains(value, StringComparison.Ordinal)).Concat(Jwt().Matches(told.Item2).Select(jwt => jwt.Value))
                .Select(value => $"{told.Item1}: {value[..Math.Min(value.Length, 12)]}…"))
            .Distinct().Take(40).ToList();
        Assert.True(leaks.Count == 0, string.Join(Environment.NewLine, leaks));
    }

    private static HashSet<string> Confidential(PortalHost host)
    {
        var control = host.Sandbox.Control;
        var values = control.Resources.Vaults.SelectMany(vault => control.Vaults.Latest(vault.Name)).SelectMany(secret => (string[])[secret.Value, Convert.ToBase64String(Encoding.UTF8.GetBytes(secret.Value))]);
        return [.. values, .. host.Tap.Confidential, host.Sandbox.PortalClient.ClientSecret, "canary"];
    }

    /// <summary>Tests access as the page of the grant does: with the holder's own token, from the cache that their sign-in filled.</summary>
    private static Task<ProbeVerdict> TestAsync(PortalHost host, PortalVisitor holder, Guid grant) => AsHolderAsync(host, holder, async services =>
    {
        var actor = await host.ActorAsync(FenwickCompany.Mira);
        var answer = await services.GetRequiredService<TestAccess>().ExecuteAsync(new AccessTest(grant, services.GetRequiredService<IDelegatedTokens>()), actor, Ct);
        Assert.True(answer.Succeeded, string.Join(", ", answer.Refusals.Select(r => r.Code)));
        return answer.Value.Verdict;
    });

    private static Task<ProbeVerdict> BeforeAsync(PortalHost host, PortalVisitor holder) => AsHolderAsync(host, holder, async services =>
        (await services.GetRequiredService<IAccessProbe>().ProbeAsync(new Uri($"https://{Vault}.vault.azure.net/"), Secret, services.GetRequiredService<IDelegatedTokens>(), Ct)).Verdict);

    private static async Task<ProbeVerdict> AsHolderAsync(PortalHost host, PortalVisitor holder, Func<IServiceProvider, Task<ProbeVerdict>> test)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var cookies = services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(CookieAuthenticationDefaults.AuthenticationScheme);
        var person = cookies.TicketDataFormat.Unprotect(Uri.UnescapeDataString(holder.SignInCookie!))!.Principal;
        ((IHostEnvironmentAuthenticationStateProvider)services.GetRequiredService<AuthenticationStateProvider>()).SetAuthenticationState(Task.FromResult(new AuthenticationState(person)));
        return await test(services);
    }

    /// <summary>Every value of every table, those of Quartz included.</summary>
    private static async Task<List<(string Source, string Text)>> RowsAsync(string file)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
        await connection.OpenAsync(Ct);
        var found = new List<(string, string)>();
        foreach (var (_, table) in await ReadAsync("SELECT name FROM sqlite_master WHERE type = 'table'"))
            found.AddRange(await ReadAsync($"SELECT * FROM \"{table}\""));
        return found;

        async Task<List<(string, string)>> ReadAsync(string sql)
        {
            var values = new List<(string, string)>();
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            await using var reader = await command.ExecuteReaderAsync(Ct);
            while (await reader.ReadAsync(Ct))
                for (var column = 0; column < reader.FieldCount; column++)
                    if (!await reader.IsDBNullAsync(column, Ct))
                        values.Add(($"database {sql} {reader.GetName(column)}", reader.GetValue(column) is byte[] bytes ? Encoding.UTF8.GetString(bytes) : Convert.ToString(reader.GetValue(column), null)!));
            return values;
        }
    }

    [GeneratedRegex("eyJ[A-Za-z0-9_-]{10,}\\.(eyJ)?[A-Za-z0-9_-]{2,}\\.")]
    private static partial Regex Jwt();
}
