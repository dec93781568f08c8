using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Core.Catalog;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Audit.Questions;

/// <summary>What a question is about. What is typed becomes an address; the page answers what the address asks.</summary>
public sealed partial class QuestionForm
{
    private readonly Dictionary<string, string> _errors = [];
    private (string? Question, AuditAddress? Address, string? Zone, AuditPeriod? Period) _shown;
    private PersonChoice _people = null!;
    private NameChoice _names = null!;
    private DateTime? _from;
    private DateTime? _to;
    private string? _person;
    private string? _vault;
    private string? _secret;

    [Inject] public required IStringLocalizer<QuestionWords> Words { get; init; }

    [Inject] public required IStringLocalizer<AuditWords> Audit { get; init; }

    [Inject] public required IStringLocalizer<RefusalWords> RefusedWords { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    [Inject] public required SearchPeople Search { get; init; }

    [Inject] public required SearchNames Names { get; init; }

    [Inject] public required CurrentActor Current { get; init; }

    [Inject] public required ReaderZone Reader { get; init; }

    [Inject] public required TimeProvider Clock { get; init; }

    /// <summary>The question's name.</summary>
    [Parameter, EditorRequired] public required string Question { get; set; }

    /// <summary>What it is about, as the address has it.</summary>
    [Parameter, EditorRequired] public required AuditAddress Address { get; set; }

    /// <summary>The period that is meant; null when the address cannot be read.</summary>
    [Parameter, EditorRequired] public AuditPeriod? Period { get; set; }

    /// <summary>The reader's zone; null until it is known.</summary>
    [Parameter] public TimeZoneInfo? Zone { get; set; }

    /// <summary>The name of the person in the address.</summary>
    [Parameter] public string? PersonName { get; set; }

    /// <summary>What is wrong with the address, by field.</summary>
    [Parameter] public IReadOnlyList<Refusal> Refusals { get; set; } = [];

    private TimeZoneInfo ZoneOrUtc => Zone ?? TimeZoneInfo.Utc;

    /// <inheritdoc />
    protected override void OnInitialized() => (_people, _names) = (new PersonChoice(Search, Current), new NameChoice(Names, Current));

    /// <inheritdoc />
    protected override void OnParametersSet()
    {
        if (_shown.Question != Question || _shown.Address != Address)
        {
            _errors.Clear();
            (_vault, _secret, _person) = (Address.Vault, Address.Secret, Address.Person);
        }

        foreach (var refusal in Refusals)
            if (refusal.Field is { } field)
                _errors[field] = RefusalText.Of(refusal, RefusedWords) is var text ? $"{text.Message} {text.WhatToDo}".TrimEnd() : "";
        if (PersonName is not null && _person == Address.Person)
            _person = PersonName;
        var shown = (Question, Address, ZoneOrUtc.Id, Period);
        if (_shown == shown)
            return;
        _shown = shown;
        (_from, _to) = (Show(AuditAddress.ReadInstant(Address.From) ?? Period?.From), Show(AuditAddress.ReadInstant(Address.To) ?? Period?.To));
    }

    private static string? Trim(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private DateTime? Show(DateTimeOffset? instant) => instant is { } known && known < DateTimeOffset.MaxValue.AddDays(-2) && known > DateTimeOffset.MinValue.AddDays(2)
        ? TimeZoneInfo.ConvertTime(known, ZoneOrUtc).DateTime : null;

    private string? ErrorOf(string field) => _errors.GetValueOrDefault(field);

    private string? Invalid(string field) => _errors.ContainsKey(field) ? "true" : null;

    private IEnumerable<(string Text, AuditAddress Address)> Presets()
    {
        var today = TimeZoneInfo.ConvertTime(Clock.GetUtcNow(), ZoneOrUtc).Date;
        if (Question == AuditQuestions.Held)
            yield return (Words["Ask.Yesterday"], Address with { From = Start(today.AddDays(-1)), To = Start(today) });
        yield return (Audit["Filter.Today"], Address with { From = Start(today), To = null });
        foreach (var (name, days) in ((string, int)[])[("Ask.Days7", 6), ("Ask.Days30", 29), ("Ask.Days90", 89), ("Ask.Days365", 364)])
            yield return (Words[name], Address with { From = Start(today.AddDays(-days)), To = null });
    }

    private string Start(DateTime day) => AuditAddress.Write(ReaderZone.StartOf(day, ZoneOrUtc));

    private async Task AskAsync()
    {
        _errors.Clear();
        var address = new AuditAddress
        {
            From = Instant(_from, "from", Address.From, Period?.From),
            To = Instant(_to, "to", Address.To, Period?.To),
            Person = AuditQuestions.AsksForPerson(Question) ? await PersonAsync() : null,
            Vault = Trim(_vault),
            Secret = Trim(_secret),
        };
        if (_errors.Count == 0)
            Navigation.NavigateTo(AuditQuestions.Url(Question, address));
    }

    private string? Instant(DateTime? time, string field, string? before, DateTimeOffset? meant)
    {
        // What was not touched stays as it was: "up to now" stays up to now.
        if (time is not { } clock || time == Show(AuditAddress.ReadInstant(before) ?? meant))
            return time is null ? null : before;
        if (ReaderZone.InstantOf(clock, ZoneOrUtc).Instant is { } instant)
            return AuditAddress.Write(instant);
        _errors[field] = Audit["Filter.Unreadable"];
        return null;
    }

    private async Task<string?> PersonAsync()
    {
        if (Trim(_person) is not { } text)
            return null;
        if (text == PersonName || text == Address.Person)
            return Address.Person;
        var (chosen, problem) = await _people.ChooseAsync(text);
        if (problem is not null)
            _errors["person"] = Audit[problem];
        return chosen;
    }
}
