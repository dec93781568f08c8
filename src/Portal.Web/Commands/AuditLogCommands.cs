using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Portal.Core;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Web.Hosting;

namespace Portal.Web.Commands;

/// <summary>The commands around the sealed audit log: verify it, give its public key, change its key, accept a store that lost checkpoints.</summary>
/// <param name="builder">The portal's configuration and environment; nothing is registered yet.</param>
/// <param name="addDatabase">Registers the portal's database.</param>
/// <param name="addCloud">Registers the cloud, where checkpoints may be kept, too.</param>
/// <param name="ofExport">Verifies an export instead, when <c>--export</c> is given; null when there is no such command.</param>
public sealed class AuditLogCommands(WebApplicationBuilder builder, Action addDatabase, Action addCloud, PortalCommand? ofExport = null)
{
    private const string Export = "--export";
    private const string From = "--from-checkpoint";
    private const string Key = "--key";
    private const string Store = "--store";
    private const string Yes = "--yes";

    /// <summary>The commands.</summary>
    public IReadOnlyList<PortalCommand> Commands =>
    [
        new("audit verify", "Verifies the audit log: the database, its signatures and the checkpoint store.",
            """
            Compares every event with the hash that was sealed, the hashes with the signed checkpoints, and those with the checkpoints in
            Audit:CheckpointFile and, when configured, Audit:CheckpointContainer. Says in one line that all holds, or names the first event and field that do not; further ones are on the
            error output. Writes nothing, and may run beside the portal. What it guarantees: docs/audit-guarantees.md.
            """ + (ofExport is null ? "" : Environment.NewLine + Environment.NewLine + $"With {Export}: {ofExport.Description}"),
            [
                new(From, "SIZE", "Go on from a checkpoint up to which everything was verified before."),
                .. ((IEnumerable<CommandOption>)[.. ofExport?.Options ?? [], new CommandOption(Key, "VKEY", "Trust this public key, and none that the database names.", Repeats: true)]).DistinctBy(o => o.Name),
            ],
            (options, output, ct) => ofExport is not null && options.Has(Export) ? ofExport.RunAsync(options, output, ct) : VerifyAsync(options, output, ct)),
        new("audit public-key", "Prints the public key that the audit log is signed with.",
            "Prints every key that the log was ever signed with, the one in use first. Keep them where the portal's operators cannot change them.", [], PublicKeyAsync),
        new("audit rotate-key", "Signs the audit log with a new key from now on.",
            """
            Makes a new key, seals everything that waits, signs a checkpoint with both keys, and puts the new key into Audit:SigningKeyFile.
            What was signed before stays verifiable with the old public key. Several instances need the new file: put it in their place, too.
            With SQLite, stop the portal first.
            """, [], RotateAsync),
        new("audit accept-store", "Takes a checkpoint store that shows less than it held as it is.",
            """
            The portal remembers the largest checkpoint that each store was seen to hold, and grants nothing while one shows less. Says of
            each store of this host what it held and what it shows. With --yes, one that shows less is taken as it is from now on: when you
            replaced it yourself, or when there is no copy of what it held. It is recorded in the audit trail. The portal need not be stopped:
            it goes along within seconds, and gives the store the newest checkpoint. Run it on the host whose file it is. While one store
            cannot be asked, --yes changes nothing; another one is accepted alone with --store. See the runbook, AuditNotSealed.
            """,
            [
                new(Store, "NAME", "Only this one, by the name that is printed."),
                new(Yes, null, "Accept it. Without this nothing is changed."),
            ],
            AcceptAsync),
    ];

    private async Task<int> VerifyAsync(CommandOptions options, CommandOutput output, CancellationToken ct)
    {
        var keys = options.All(Key).Select(text => VerifierKey.Parse(text) ?? throw new CommandLineException($"{Key}: '{text}' is no public key.")).ToList();
        var from = (long)(options.Number(From, 0, long.MaxValue) ?? 0);
        return await RunAsync(async services =>
        {
            var report = (await services.GetRequiredService<VerifyDatabase>().ExecuteAsync(new VerifyInput(from, keys), Progress(output), Actor.System with { DisplayName = "portal audit verify" }, ct)).Value;
            foreach (var further in report.Findings.Skip(1))
                output.Error.WriteLine($"Also: {Plain(further.What)}");
            output.Out.WriteLine(Line(report, from));
            return report.Holds ? ExitCode.Done : ExitCode.Incomplete;
        }, ct);
    }

    private Task<int> PublicKeyAsync(CommandOptions options, CommandOutput output, CancellationToken ct) => RunAsync(async services =>
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync(ct);
        var keys = await db.AuditKeys.AsNoTracking().OrderBy(k => k.Until != null).ThenByDescending(k => k.Since).Select(k => k.Vkey).ToListAsync(ct);
        foreach (var key in keys)
            output.Out.WriteLine(key);
        if (keys.Count > 0)
            return ExitCode.Done;
        output.Error.WriteLine("Nothing was signed yet: the key is made with the first event that the portal seals.");
        return ExitCode.Incomplete;
    }, ct);

    private Task<int> RotateAsync(CommandOptions options, CommandOutput output, CancellationToken ct) => RunAsync(async services =>
    {
        try
        {
            services.GetRequiredService<DatabaseHold>().Take();
        }
        catch (DatabaseInUseException inUse)
        {
            throw new CommandLineException(inUse.Message);
        }

        var key = (await services.GetRequiredService<RotateSigningKey>().ExecuteAsync(Actor.System with { DisplayName = "portal audit rotate-key" }, ct)).Value;
        output.Out.WriteLine(key);
        return ExitCode.Done;
    }, ct);

    private Task<int> AcceptAsync(CommandOptions options, CommandOutput output, CancellationToken ct) => RunAsync(async services =>
    {
        var store = options.All(Store) is [var name] ? name : null;
        var standings = (await services.GetRequiredService<AcceptStore>().ExecuteAsync(new StoreAcceptance(options.Has(Yes), store), Actor.System with { DisplayName = "portal audit accept-store" }, ct)).Value;
        if (store is not null && standings.Count == 0)
            throw new CommandLineException($"{Store}: this host keeps no checkpoints in '{store}'. Without {Store}, all are named.");
        foreach (var standing in standings)
            output.Out.WriteLine(Plain(Line(standing)));
        return standings.Any(s => s.Fault is not null) ? ExitCode.Incomplete : ExitCode.Done;
    }, ct);

    private async Task<int> RunAsync(Func<IServiceProvider, Task<int>> work, CancellationToken ct)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString("Portal")))
            throw new CommandLineException("ConnectionStrings:Portal: missing; the connection string of the portal's database. In Development without a tenant, start the portal first.");
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        var faults = new List<string>();
        SealingSetup.ContainerOf(builder.Configuration, faults);
        if (faults.Count > 0)
            throw new CommandLineException(faults[0]);
        builder.Services.AddSingleton(SealingSetup.OptionsOf(builder.Configuration));
        builder.Services.AddPortalCore();
        addCloud();
        addDatabase();
        await using var services = builder.Services.BuildServiceProvider();
        try
        {
            await DemandLogAsync(services, ct);
            return await work(services);
        }
        catch (SealingException fault)
        {
            throw new CommandLineException(fault.Message);
        }
        catch (OptionsValidationException incomplete)
        {
            // Only a container of checkpoints has a command go to the cloud.
            throw new CommandLineException(string.Join(Environment.NewLine, incomplete.Failures));
        }
    }

    // An empty database verifies only too well.
    private static async Task DemandLogAsync(ServiceProvider services, CancellationToken ct)
    {
        try
        {
            await using var db = await services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync(ct);
            if (await db.Database.CanConnectAsync(ct) && !(await db.Database.GetPendingMigrationsAsync(ct)).Any())
                return;
        }
        catch (Exception fault) when (fault is System.Data.Common.DbException or InvalidOperationException or IOException)
        {
            throw new CommandLineException($"The portal's database cannot be read: {fault.Message}");
        }

        throw new CommandLineException("The portal's database cannot be reached, or its schema is not that of this version: start the portal once.");
    }

    private static Action<long, long> Progress(CommandOutput output) => (done, all) =>
    {
        // A log file would only fill up with it.
        if (!Console.IsErrorRedirected || output.Error != Console.Error)
            output.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{done} of {all} events{(done >= all ? Environment.NewLine : "")}"));
    };

    private static string Line(VerifyReport report, long from) => report.Holds
        ? string.Create(CultureInfo.InvariantCulture, $"HOLDS: {report.Events} events{(from > 0 ? $" from position {from} on" : "")} are as they were sealed, and {report.Checkpoints} signed checkpoints{(report.SignedThrough is { } time ? $", the newest of {time:u}," : "")} are of this log.{(report.Pruned > 0 ? $" {report.Pruned} of the events were pruned by retention; their hashes are kept." : "")} {Rest(report)}")
        : $"DOES NOT HOLD: {Plain(report.Findings[0].What)}{(report.Findings.Count > 1 ? $" ({report.Findings.Count - 1} more on the error output.)" : "")}";

    private static string Line(StoreStanding standing)
    {
        var shows = standing.Found > 0 ? string.Create(CultureInfo.InvariantCulture, $"a checkpoint of {standing.Found} events") : "no checkpoint";
        return standing switch
        {
            { Fault: { } fault } => $"{standing.Store} cannot be asked: {fault} Nothing was changed.",
            { Remembered: not > 0 } => $"{standing.Store} shows {shows}; nothing is remembered of it. There is nothing to accept.",
            { IsShort: false } => $"{standing.Store} shows {shows}, and all that it held. There is nothing to accept.",
            { Accepted: true } => string.Create(CultureInfo.InvariantCulture, $"{standing.Store} held a checkpoint of {standing.Remembered} events and shows {shows}. It is accepted as it is."),
            _ => string.Create(CultureInfo.InvariantCulture, $"{standing.Store} held a checkpoint of {standing.Remembered} events and shows {shows}. Nothing was changed; {Yes} accepts it as it is."),
        };
    }

    private static string Rest(VerifyReport report) => report.Waiting + report.Unsigned == 0
        ? "Nothing waits."
        : string.Create(CultureInfo.InvariantCulture, $"Not proved yet: {report.Unsigned} events that no checkpoint covers, {report.Waiting} that wait for their place.");

    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
