using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Requests;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Requests;

/// <summary>What the policies say of a draft, before it is sent.</summary>
public sealed partial class RequestForecast
{
    [Inject] public required TimeProvider Clock { get; init; }

    [Inject] public required IStringLocalizer<RequestFormWords> Words { get; init; }

    [Inject] public required IStringLocalizer<ShellWords> Shell { get; init; }

    /// <summary>What would happen; null while it is not known.</summary>
    [Parameter, EditorRequired] public RequestPreview? Preview { get; set; }

    /// <summary>Whether the database failed when it was asked what comes of what is typed.</summary>
    [Parameter] public bool Failed { get; set; }

    /// <summary>That the reader's groups were not known when it was asked; null when they were.</summary>
    [Parameter] public FieldProblem? Unknown { get; set; }

    /// <summary>Whether <see cref="Preview"/> is of something that was typed before, whatever kept it from being asked for anew.</summary>
    [Parameter] public bool Earlier { get; set; }

    /// <summary>What is typed.</summary>
    [Parameter, EditorRequired] public required RequestInput Input { get; set; }

    /// <summary>All that stands against sending it.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<FieldProblem> Problems { get; set; }

    /// <summary>The reader's zone; UTC while it is not known.</summary>
    [Parameter, EditorRequired] public required TimeZoneInfo Zone { get; set; }

    /// <summary>Whether <see cref="Zone"/> is the reader's.</summary>
    [Parameter, EditorRequired] public bool ZoneKnown { get; set; }

    private enum CheckState
    {
        Met,
        Open,
        Unmet,
    }

    // The field knows minutes only.
    private bool Follows(DateTimeOffset held) => Input.Start(Zone)?.Instant is { } start && start > held - TimeSpan.FromMinutes(1);

    private string Where => Preview!.SecretName is { } secret ? $"{Preview.VaultName}/{secret}" : Preview.VaultName;

    private string From => Input.Later && Input.Start(Zone)?.Instant is { } start ? $" {Words["Forecast.From"]} {Show(start)}" : "";

    private bool WindowIsWrong => Problems.Any(p => p.Field is "duration" or "start");

    private IReadOnlyList<CheckLine> Lines
    {
        get
        {
            List<CheckLine> lines =
            [
                // Only what a policy says: how much somebody sent, a clock, and whom the directory knows are nothing that it rules.
                Line("Policy", p => p.Field is "role" || p.Code is RefusalCode.NotOffered or RefusalCode.NotEligible),
                Line("Scope", p => p.Field is "scope" || p.Code == RefusalCode.DuplicateRequest),
                Line("Duration", p => p.Field == "duration"),
            ];
            if (Input.Later)
                lines.Add(Line("Start", p => p.Field == "start"));
            lines.Add(Line("Justification", p => p.Field == "justification"));
            if (Preview!.RequiresTicket || Problems.Any(p => p.Field == "ticket"))
                lines.Add(Line("Ticket", p => p.Field == "ticket"));
            return lines;
        }
    }

    // What is about no field stands above the form; and what was typed since has not been looked over.
    private bool Ready => !Earlier && Lines.All(line => line.State == CheckState.Met) && Problems.All(p => p.Field is not null);

    private string Show(DateTimeOffset instant) => ReaderZone.Show(instant, Clock.GetUtcNow(), Zone);

    private CheckLine Line(string name, Func<FieldProblem, bool> about)
    {
        var problem = Problems.FirstOrDefault(about);
        var state = problem is null ? CheckState.Met
            // Not typed yet is no mistake.
            : problem.Code is RefusalCode.TicketMissing || (problem.Code is RefusalCode.TextBlank && Input.Justification.Length == 0) ? CheckState.Open
            : CheckState.Unmet;
        return new CheckLine(name, state, problem?.Message);
    }

    private static string IconOf(CheckState state) => state switch
    {
        CheckState.Met => "check",
        CheckState.Open => "waiting",
        CheckState.Unmet => "error",
    };

    private sealed record CheckLine(string Name, CheckState State, string? Why);
}
