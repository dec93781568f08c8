using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Catalog;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The filters of the audit page. What is typed becomes an address; the page shows what the address says.</summary>
public sealed partial class AuditFilters
{
    private readonly Dictionary<string, string> _errors = [];
    private AuditAddress _address = new();
    private TimeZoneInfo? _shownIn;
    private PersonChoice _people = null!;
    private NameChoice _names = null!;
    private DateTime? _from;
    private DateTime? _to;
    private string? _day;
    private string? _text;
    private string? _person;
    private string? _vault;
    private string? _secret;
    private string? _code;
    private string? _request;
    // Where the screen is narrow; elsewhere all of them are there.
    private bool _unfolded;

    /// <summary>The words.</summary>
    [Inject] public required IStringLocalizer<AuditWords> Words { get; init; }

    /// <summary>The words of refusals.</summary>
    [Inject] public required IStringLocalizer<RefusalWords> RefusedWords { get; init; }

    /// <summary>Where a filter leads.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>Finds people by name.</summary>
    [Inject] public required SearchPeople Search { get; init; }

    /// <summary>Finds vaults and secrets by name.</summary>
    [Inject] public required SearchNames Names { get; init; }

    /// <summary>Who searches.</summary>
    [Inject] public required CurrentActor Current { get; init; }

    /// <summary>Knows whether their zone is known.</summary>
    [Inject] public required ReaderZone Reader { get; init; }

    /// <summary>Now.</summary>
    [Inject] public required TimeProvider Clock { get; init; }

    /// <summary>The filters as the address has them.</summary>
    [Parameter, EditorRequired] public required AuditAddress Address { get; set; }

    /// <summary>The reader's zone; null until it is known, when times are shown in UTC.</summary>
    [Parameter] public TimeZoneInfo? Zone { get; set; }

    /// <summary>Whether the reader may filter by person.</summary>
    [Parameter] public bool People { get; set; }

    /// <summary>The name of the person in the address; null when it is not known.</summary>
    [Parameter] public string? PersonName { get; set; }

    /// <summary>What is wrong with the address, by field.</summary>
    [Parameter] public IReadOnlyList<Refusal> Refusals { get; set; } = [];

    private TimeZoneInfo ZoneOrUtc => Zone ?? TimeZoneInfo.Utc;

    /// <inheritdoc />
    protected override void OnInitialized() => (_people, _names) = (new PersonChoice(Search, Current), new NameChoice(Names, Current));

    /// <inheritdoc />
    protected override void OnParametersSet()
    {
        if (_address != Address)
        {
            _address = Address;
            _errors.Clear();
            (_text, _vault, _secret, _code, _request, _person) = (Address.Text, Address.Vault, Address.Secret, Address.Code, Address.Request, Address.Person);
            _shownIn = null;
            _unfolded = false;
        }

        foreach (var refusal in Refusals)
            if (refusal.Field is { } field)
                _errors[field] = Say(RefusalText.Of(refusal, RefusedWords));
        _unfolded |= _errors.Count > 0;
        if (PersonName is not null && _person == Address.Person)
            _person = PersonName;
        if (_shownIn?.Id == ZoneOrUtc.Id)
            return;
        _shownIn = ZoneOrUtc;
        (_from, _to) = (Show(Address.From), Show(Address.To));
        _day = WholeDay()?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }

    private static string Say(RefusalText text) => $"{text.Message} {text.WhatToDo}".TrimEnd();

    private DateTime? Show(string? instant) =>
        AuditAddress.ReadInstant(instant) is { } known ? TimeZoneInfo.ConvertTime(known, ZoneOrUtc).DateTime : null;

    private string? ErrorOf(string field) => _errors.GetValueOrDefault(field);

    private string? Invalid(string field) => _errors.ContainsKey(field) ? "true" : null;

    /// <summary>Whole days of the reader's, the present one included.</summary>
    private IEnumerable<(string Name, DateTimeOffset? From)> Presets()
    {
        var today = TimeZoneInfo.ConvertTime(Clock.GetUtcNow(), ZoneOrUtc).Date;
        yield return ("Any", null);
        foreach (var (name, days) in ((string, int)[])[("Today", 0), ("Days7", 6), ("Days30", 29)])
            yield return (name, StartOf(today.AddDays(-days)));
    }

    private DateTimeOffset StartOf(DateTime day) => ReaderZone.StartOf(day, ZoneOrUtc);

    /// <summary>The reader's day that is shown.</summary>
    /// <returns>Null when it is anything but one whole day.</returns>
    private DateTime? WholeDay() =>
        Show(_address.From) is { } from && from.TimeOfDay == TimeSpan.Zero && _address.To is { Length: > 0 } && AuditAddress.ReadInstant(_address.To) == StartOf(from.Date.AddDays(1)) ? from.Date : null;

    private IEnumerable<(string Name, string Url)> Days()
    {
        if (WholeDay() is not { Year: > 1 and < 9998 } day)
            yield break;
        yield return ("DayBefore", OfDay(day.AddDays(-1)));
        yield return ("DayAfter", OfDay(day.AddDays(1)));
    }

    private string OfDay(DateTime day) => (_address with { From = AuditAddress.Write(StartOf(day)), To = AuditAddress.Write(StartOf(day.AddDays(1))) }).Page;

    private void GoToDay(ChangeEventArgs chosen)
    {
        if (DateTime.TryParseExact(chosen.Value as string, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1 and < 9998)
            Navigation.NavigateTo(OfDay(day));
    }

    private IEnumerable<(string Text, string Url)> Active()
    {
        if (!string.IsNullOrEmpty(_address.Text))
            yield return (Words["Chip", Words["Filter.Text"].Value, _address.Text], (_address with { Text = null }).Page);
        if (!string.IsNullOrEmpty(_address.From))
            yield return (Words["Chip.From", Time(_address.From)], (_address with { From = null }).Page);
        if (!string.IsNullOrEmpty(_address.To))
            yield return (Words["Chip.To", Time(_address.To)], (_address with { To = null }).Page);
        if (!string.IsNullOrEmpty(_address.Person))
            yield return (Words["Chip", Words["Filter.Person"].Value, PersonName ?? _address.Person], (_address with { Person = null }).Page);
        if (!string.IsNullOrEmpty(_address.Vault))
            yield return (Words["Chip", Words["Filter.Vault"].Value, _address.Vault], (_address with { Vault = null }).Page);
        if (!string.IsNullOrEmpty(_address.Secret))
            yield return (Words["Chip", Words["Filter.Secret"].Value, _address.Secret], (_address with { Secret = null }).Page);
        if (!string.IsNullOrEmpty(_address.Code))
            yield return (Words["Chip", Words["Filter.Action"].Value, Action(_address.Code)], (_address with { Code = null }).Page);
        if (!string.IsNullOrEmpty(_address.Request))
            yield return (Words["Chip", Words["Filter.Request"].Value, _address.Request], (_address with { Request = null }).Page);
    }

    private string Action(string code) => AuditCode.All.Any(known => known.Value == code) ? EventWords.ActionOf(code, Words) : code;

    private string Time(string text) =>
        AuditAddress.ReadInstant(text) is { } instant ? TimeZoneInfo.ConvertTime(instant, ZoneOrUtc).ToString("g", CultureInfo.CurrentCulture) : text;

    private async Task ApplyAsync()
    {
        _errors.Clear();
        var address = new AuditAddress
        {
            View = Address.View,
            Text = Trim(_text),
            From = Instant(_from, "from", Address.From),
            To = Instant(_to, "to", Address.To),
            Person = await PersonAsync(),
            Vault = Trim(_vault),
            Secret = Trim(_secret),
            Code = Trim(_code),
            Request = Trim(_request),
        };
        _unfolded |= _errors.Count > 0;
        if (_errors.Count == 0)
            Navigation.NavigateTo(address.Page);
    }

    private static string? Trim(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private string? Instant(DateTime? time, string field, string? before)
    {
        if (time is not { } clock)
            return null;
        // What was not touched keeps the seconds that the field does not show.
        if (time == Show(before))
            return before;
        if (ReaderZone.InstantOf(clock, ZoneOrUtc).Instant is { } instant)
            return AuditAddress.Write(instant);
        _errors[field] = Words["Filter.Unreadable"];
        return null;
    }

    private async Task<string?> PersonAsync()
    {
        if (!People)
            return Address.Person;
        if (Trim(_person) is not { } text)
            return null;
        if (text == PersonName || text == Address.Person)
            return Address.Person;
        var (chosen, problem) = await _people.ChooseAsync(text);
        if (problem is not null)
            _errors["person"] = Words[problem];
        return chosen;
    }
}
