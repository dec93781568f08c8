using System.Globalization;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Web.Hosting;

namespace Portal.Web.Commands;

/// <summary><c>sweep</c>: finds what carries the portal's mark in the cloud, by the marks alone, and removes it when told to.</summary>
/// <param name="builder">The portal's configuration and environment; nothing is registered yet.</param>
/// <param name="addCloud">Registers the seams to the cloud.</param>
/// <param name="addDatabase">Registers the portal's database.</param>
public sealed class SweepCommand(WebApplicationBuilder builder, Action addCloud, Action addDatabase)
{
    private const string Apply = "--apply";
    private const string Subscription = "--subscription";
    private const string OlderThan = "--older-than";
    private const string All = "--all";
    private const string NoDatabase = "--no-database";
    private const string PerSecond = "--per-second";

    /// <summary>The command.</summary>
    public PortalCommand Command => new(
        "sweep",
        "Finds, and removes when told to, every role assignment that carries the portal's mark.",
        """
        Looks through all vaults that the portal's identity sees, at each vault and everything below it, for role assignments
        whose description carries the portal's mark, and prints each. It can do without a database: after it is lost, this
        is how every role assignment that the portal ever made is found and taken back. Nothing without the mark is ever
        touched: memberships in groups carry none, and schedules of Privileged Identity Management end by themselves.

        Where ConnectionStrings:Portal names a database, what its live grants explain is left alone, and each removal is
        recorded in the audit trail before it is made. It uses the portal's own configuration and identity.
        A portal that runs puts back what its live grants need: stop it before you sweep with --all.
        """,
        [
            new CommandOption(Apply, null, "Remove what was found. Without it nothing is changed."),
            new CommandOption(Subscription, "id", "Only vaults of this subscription; may be repeated.", Repeats: true),
            new CommandOption(OlderThan, "time", "Only what should have ended at least so long ago by its own mark: 90m, 12h, 3d."),
            new CommandOption(All, null, "Also what live grants of the database explain."),
            new CommandOption(NoDatabase, null, $"Go by the marks alone, even though a database is configured. Without one, {Apply} needs it."),
            new CommandOption(PerSecond, "n", "Most removals a second in each subscription, 0.1 to 1000. Default 10, what Azure gives back."),
        ],
        RunAsync);

    private async Task<int> RunAsync(CommandOptions options, CommandOutput output, CancellationToken ct)
    {
        var input = new SweepOptions
        {
            Apply = options.Has(Apply),
            Subscriptions = options.Guids(Subscription),
            OlderThan = options.Time(OlderThan),
            EvenExplained = options.Has(All),
            PerSecond = options.Number(PerSecond, 0.1, 1000) ?? 10,
        };
        if (WhatIsMissing() is { Count: > 0 } problems)
            throw new CommandLineException(string.Join(Environment.NewLine, problems));

        var configured = !string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString("Portal"));
        // A login shell often lacks the environment of the portal. Live access must not be taken for leftovers, and no removal go unrecorded, by mistake.
        if (input.Apply && !configured && !options.Has(NoDatabase))
            throw new CommandLineException($"ConnectionStrings:Portal: missing; without the portal's database, {Apply} also removes what people are given now, and records nothing. Run it as the account that runs the portal and with the same environment; or, when the database is lost, add {NoDatabase}.");
        var goByDatabase = configured && !options.Has(NoDatabase);
        await using var services = Compose(goByDatabase);
        if (goByDatabase)
            await CommandDatabase.DemandAsync(services, $", or go by the marks alone with {NoDatabase}", ct);
        output.Error.WriteLine(goByDatabase
            ? input.EvenExplained ? "Going by the marks; what live grants explain is not spared." : "Going by the marks; what live grants of the database explain is left alone."
            : "Going by the marks alone, without a database.");

        var outcome = (await services.GetRequiredService<SweepAssignments>().ExecuteAsync(input, swept => output.Out.WriteLine(Line(swept)), Actor.System with { DisplayName = "portal sweep" }, ct)).Value;
        foreach (var failure in outcome.FailedVaults)
            output.Error.WriteLine($"Vault {Plain(failure.Vault)} could not be looked at to the end: {Plain(failure.Code)}: {Plain(failure.Message)}");
        output.Out.WriteLine(Summary(outcome, input.Apply));
        return outcome.IsComplete ? ExitCode.Done : ExitCode.Incomplete;
    }

    private IReadOnlyList<string> WhatIsMissing()
    {
        // How people sign in is no matter of a sweep, which may have to do with less than a portal.
        var problems = StartupCheck.Problems(builder.Configuration, builder.Environment)
            .Where(p => (p.StartsWith("AzureAd:", StringComparison.Ordinal) && !p.StartsWith("AzureAd:ClientCredentials", StringComparison.Ordinal)) || p.StartsWith("Cloud:", StringComparison.Ordinal)).ToList();
        if (problems.Count > 0 && builder.Environment.IsDevelopment())
            problems.Add("In Development without a tenant, sweep works on the sandbox of a portal that is running: start one first (dotnet run --project src/Portal.Web), with the same Portal:DataDirectory.");
        return problems;
    }

    private ServiceProvider Compose(bool withDatabase)
    {
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddPortalCore();
        addCloud();
        if (withDatabase)
            addDatabase();
        return builder.Services.BuildServiceProvider();
    }

    private static string Line(SweptAssignment swept)
    {
        var until = swept.Until?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "unknown";
        var role = GrantableRole.Find(swept.Assignment.RoleDefinitionId)?.Name ?? swept.Assignment.RoleDefinitionId.ToString();
        var fate = swept.Fate switch
        {
            SweepFate.Found => "found",
            SweepFate.Explained => "left: a live grant needs it",
            SweepFate.Removed => "removed",
            SweepFate.Failed => $"NOT REMOVED: {swept.Fault?.Code}: {swept.Fault?.Message}",
        };
        return string.Join("  ", Plain(swept.Assignment.Scope), swept.Assignment.PrincipalId, Plain(role), $"until {until}", swept.Overdue ? "overdue" : "not overdue", Plain(fate));
    }

    private static string Summary(SweepOutcome outcome, bool applied) => string.Create(CultureInfo.InvariantCulture,
        $"{outcome.Vaults} vaults: {outcome.Found} with the portal's mark, {outcome.Overdue} of them overdue; {outcome.Explained} left for live grants; {outcome.Removed} removed, {outcome.Failed} could not be removed{(applied ? "." : $". Nothing was changed; {Apply} removes them.")}");

    // What comes from outside must not steer the terminal.
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
