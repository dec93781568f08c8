using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Requests;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Requests;

/// <summary>Asks for access to one scope, and says beforehand what will come of it.</summary>
public sealed partial class RequestForm : IDisposable
{
    /// <summary>The lengths that are one click away, in minutes, where the policy allows them.</summary>
    internal static readonly IReadOnlyList<int> UsualLengths = [30, 60, 240, 480];

    // More than may be sent, so that too much is said and not cut silently; less than would break the connection.
    private const int MostTyped = 10_500;

    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(350);

    private readonly CancellationTokenSource _gone = new();
    // Outlives its source: who types and sends at once leaves while the form still looks over what was typed.
    private readonly CancellationToken _left;
    private readonly HashSet<string> _touched = [];
    private readonly LaterLook _later = new();
    private CancellationTokenSource _typing = new();
    private Answer? _answer;
    private Silence? _silence;
    private Unsent? _unsent;
    private TimeZoneInfo _zone = TimeZoneInfo.Utc;
    private bool _zoneKnown;
    private bool _attempted;
    private bool _sending;
    private bool _focusProblem;
    private ElementReference _general, _amount, _start, _justification, _ticket;

    public RequestForm() => _left = _gone.Token;

    [Inject] public required PreviewRequest Dry { get; init; }

    [Inject] public required SubmitRequest Submit { get; init; }

    [Inject] public required Attempt Attempt { get; init; }

    [Inject] public required ReaderZone Zone { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    [Inject] public required LiveChanges Live { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    [Inject] public required TimeProvider Clock { get; init; }

    [Inject] public required IStringLocalizer<RequestFormWords> Words { get; init; }

    [Inject] public required IStringLocalizer<RefusalWords> Refused { get; init; }

    [Inject] public required IStringLocalizer<ShellWords> Shell { get; init; }

    /// <summary>What is asked for. Give the form a key of the scope: another scope is another form.</summary>
    [Parameter, EditorRequired] public required RequestableScope Target { get; set; }

    /// <summary>What the form starts with; null for the usual.</summary>
    [Parameter] public RequestInput? StartWith { get; set; }

    /// <summary>What was typed; kept while a hidden tab is paused.</summary>
    [PersistentState] public RequestInput? Kept { get; set; }

    private RequestInput Input => Kept!;

    private IReadOnlyList<Offer> Offered => [.. Target.Offers.Where(o => o.MayAsk)];

    private Offer? Chosen => Offered.FirstOrDefault(o => o.Role.DefinitionId == Input.RoleId);

    private RequestDraft Draft => Input.ToDraft(Target.Scope, _zone);

    // What was said last is better than nothing, as long as it says that it is old. While an answer is on its way it is not old yet.
    private bool Earlier => _silence is not null && _answer?.Of != Draft;

    // Why it was not sent stays to be read, until something else is looked over.
    private IReadOnlyList<FieldProblem> Problems => _unsent?.Problems ?? _silence?.Problems ?? _answer?.Problems ?? [];

    private IReadOnlyList<FieldProblem> General => _attempted ? [.. Problems.Where(p => p.Field is null or "scope")] : [];

    private string ZoneHint => Zone.Unknown is { } unknown ? Words["Start.Zone.Unknown", unknown] : Words["Start.Zone", _zone.Id];

    private IEnumerable<int> Choices
    {
        get
        {
            var longest = (int)(Chosen?.LongestWindow.TotalMinutes ?? 0);
            return UsualLengths.Where(m => m < longest).Append(longest).Where(m => m > 0);
        }
    }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
        _typing.Cancel();
        _typing.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        Kept ??= StartWith ?? new RequestInput();
        if (Chosen is null)
            Input.RoleId = (Offered.FirstOrDefault(o => o.Role == GrantableRole.SecretsUser) ?? Offered[0]).Role.DefinitionId;
        FitLength();
        await LookOverAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _zone = await Zone.GetAsync(_left);
            _zoneKnown = Zone.Unknown is null;
            FollowOn();
            await LookOverAsync();
            StateHasChanged();
        }
        else if (_focusProblem)
        {
            _focusProblem = false;
            await FocusFirstProblemAsync();
        }
    }

    // Cut to the minute, as the field is: access overlaps for less than that, and never has a gap.
    private void FollowOn()
    {
        if (Input.FollowsOn is not { } end || Input.StartText.Length > 0 || end <= Clock.GetUtcNow())
            return;
        Input.Later = true;
        Input.StartText = RequestInput.TextOf(end, _zone);
    }

    private string LengthOf(int minutes)
    {
        var text = RelativeTime.Length(TimeSpan.FromMinutes(minutes), Shell);
        return minutes == (int)Chosen!.LongestWindow.TotalMinutes ? Words["Duration.Longest", text] : text;
    }

    private IEnumerable<FieldProblem> Of(string field) => Problems.Where(p => p.Field == field && (_attempted || (_touched.Contains(field) && p.Code is not (RefusalCode.TextBlank or RefusalCode.TicketMissing))));

    private string? Invalid(string field) => Of(field).Any() ? "true" : null;

    private Task ChooseRoleAsync(Offer offer)
    {
        Input.RoleId = offer.Role.DefinitionId;
        FitLength();
        return LookOverAsync();
    }

    private Task ChooseLengthAsync(int? minutes)
    {
        if (minutes is null && Input.Minutes is { } before && Input.Amount.Length == 0)
            (Input.Amount, Input.Unit) = before % 60 == 0 ? ($"{before / 60}", LengthUnit.Hours) : ($"{before}", LengthUnit.Minutes);
        Input.Minutes = minutes;
        return LookOverAsync();
    }

    private Task ChooseStartAsync(bool later)
    {
        Input.Later = later;
        // The next full hour: a start that is near and is not past while the form is filled in.
        if (later && Input.StartText.Length == 0)
        {
            var now = TimeZoneInfo.ConvertTime(Clock.GetUtcNow(), _zone);
            Input.StartText = now.Date.AddHours(now.Hour + 1).ToString("yyyy-MM-dd'T'HH:mm", System.Globalization.CultureInfo.InvariantCulture);
        }

        return LookOverAsync();
    }

    private Task StartTypedAsync(ChangeEventArgs typed)
    {
        Input.StartText = (string?)typed.Value ?? "";
        _touched.Add("start");
        return LookOverAsync();
    }

    // A length that the chosen role does not offer any more gives way to the nearest that it does.
    private void FitLength()
    {
        if (Input.Minutes is { } minutes && !Choices.Contains(minutes))
            Input.Minutes = Choices.Last(m => m <= minutes || m == Choices.First());
    }

    private async Task TouchedAsync(string field)
    {
        _touched.Add(field);
        _typing.Cancel();
        _typing.Dispose();
        _typing = new CancellationTokenSource();
        try
        {
            await Task.Delay(TypingPause, Clock, _typing.Token);
        }
        catch (OperationCanceledException)
        {
            return; // Typed on.
        }

        await LookOverAsync();
    }

    private async Task LookOverAsync()
    {
        var draft = Draft;
        var result = await Attempt.LookAsync(reader => Dry.ExecuteAsync(draft, reader, _left), _left);
        if (_sending || draft != Draft)
            return; // Changed or sent meanwhile.
        var failed = result.Refusals.Any(refusal => refusal.Code == RefusalCode.DatabaseFailed);
        if (failed || result.Refusals is [{ Code: RefusalCode.StandingUnknown }, ..])
        {
            // What was said before still helps; where it is the reader's groups that are not known, the refusal says what is missing.
            _silence = new Silence(failed, failed ? null : ProblemsOf(result.Refusals, _answer?.Preview));
            // Nothing that comes later brings an answer to who typed on while there was none.
            _later.Ask(Live, InvokeAsync, LookAgainAsync, _left);
        }
        else
        {
            var preview = result.Succeeded ? result.Value : null;
            (_answer, _silence) = (new Answer(draft, preview, ProblemsOf(preview?.Missing ?? result.Refusals, preview)), null);
        }

        if (!failed && _unsent?.Of != draft)
            _unsent = null;
    }

    private async Task LookAgainAsync()
    {
        if (_silence is null)
            return;
        await LookOverAsync();
        StateHasChanged();
    }

    private async Task SendAsync()
    {
        if (_sending)
            return;
        _sending = true;
        _attempted = true;
        try
        {
            if (Input.Problems(_zone).Any())
            {
                _unsent = new Unsent(null, ProblemsOf(_answer?.Preview?.Missing ?? [], _answer?.Preview));
                SayRefused();
                return;
            }

            var draft = Draft;
            var submission = Input.ToSend(draft);
            var result = await Attempt.RunAsync(actor => Submit.ExecuteAsync(submission, actor, _left), _left);
            if (result.Succeeded)
            {
                Navigation.NavigateTo(PortalUrls.Request(result.Value.Reference));
                return;
            }

            _unsent = new Unsent(draft, ProblemsOf(result.Refusals, _answer?.Preview));
            SayRefused();
        }
        finally
        {
            _sending = false;
        }

        // What was chosen last may have been sent before it was looked over.
        if (_answer?.Of != Draft)
            await LookOverAsync();
    }

    private void SayRefused()
    {
        _focusProblem = true;
        Announcer.Say(Words["Refused.Announce", Problems[0].Message]);
    }

    private IReadOnlyList<FieldProblem> ProblemsOf(IReadOnlyList<Refusal> refusals, RequestPreview? preview)
    {
        var unread = Input.Problems(_zone).Select(p => new FieldProblem(p.Field, Words[p.Word], Words[p.Word + ".Next"], null)).ToList();
        return
        [
            .. unread,
            .. refusals.Where(r => !unread.Exists(u => u.Field == r.Field)).Select(r => ProblemOf(r, preview)),
        ];
    }

    private FieldProblem ProblemOf(Refusal refusal, RequestPreview? preview)
    {
        var text = RefusalText.Of(refusal, Refused);
        // A length of days is not said in minutes.
        var message = refusal.Code == RefusalCode.WindowTooLong && preview?.LongestWindow is { } longest ? Words["Duration.TooLong", RelativeTime.Length(longest, Shell)] : text.Message;
        return new FieldProblem(refusal.Field, message, text.WhatToDo, refusal.Code, refusal.Code == RefusalCode.DuplicateRequest ? (string)refusal.Arguments[0] : null);
    }

    private async Task FocusFirstProblemAsync()
    {
        if (General.Count > 0)
            await _general.FocusAsync();
        else if (Of("duration").Any())
            await (Input.Minutes is null ? _amount : _general).FocusAsync();
        else if (Of("start").Any())
            await _start.FocusAsync();
        else if (Of("justification").Any())
            await _justification.FocusAsync();
        else if (Of("ticket").Any())
            await _ticket.FocusAsync();
    }

    /// <summary>What the policies said last.</summary>
    /// <param name="Of">Of which draft.</param>
    /// <param name="Preview">What would come of it; null when they said no more than why not.</param>
    /// <param name="Problems">What stands against sending it.</param>
    private sealed record Answer(RequestDraft Of, RequestPreview? Preview, IReadOnlyList<FieldProblem> Problems);

    /// <summary>What was not sent.</summary>
    /// <param name="Of">Which draft; null when it could not be understood.</param>
    /// <param name="Problems">Why not.</param>
    private sealed record Unsent(RequestDraft? Of, IReadOnlyList<FieldProblem> Problems);

    /// <summary>Nothing was said since.</summary>
    /// <param name="OfDatabase">Whether the database failed; otherwise the directory did.</param>
    /// <param name="Problems">What to say of that at the form; null leaves what is said there.</param>
    private sealed record Silence(bool OfDatabase, IReadOnlyList<FieldProblem>? Problems);
}
