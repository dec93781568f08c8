using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Catalog;

/// <summary>The catalog, or one vault of it. What it shows stands in its address.</summary>
public sealed partial class CatalogBrowser
{
    private const int PageSize = 20;

    // A part with fewer rows than were asked for has looked through as many names as one part may: how many of those the reader waits for before they are shown what was found.
    private const int MostShort = 2;

    private readonly ReadInTurn _reading = new();
    private CatalogFilter? _asked;
    private CatalogFilter? _shown;
    private IReadOnlyList<CatalogVault>? _vaults;
    private IReadOnlyList<CatalogEntry> _entries = [];
    private IReadOnlyList<Refusal> _refusals = [];
    private string? _next;
    private int _mostShort = MostShort;
    private bool _onlyMine;
    private Guid? _readerId;

    [Inject] public required BrowseCatalog Browse { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    [Inject] public required IStringLocalizer<CatalogWords> Words { get; init; }

    /// <summary>The vault; null for the whole catalog.</summary>
    [Parameter] public string? VaultName { get; set; }

    [SupplyParameterFromQuery(Name = "q")] public string? Search { get; set; }

    [SupplyParameterFromQuery(Name = "environment")] public string? EnvironmentName { get; set; }

    [SupplyParameterFromQuery(Name = "show")] public string? Show { get; set; }

    private CatalogFilter Filter => new(Search, VaultName is null ? EnvironmentName : null, VaultName, Show);

    private CatalogVault? Vault => _vaults?.FirstOrDefault(v => v.Name.Equals(VaultName, StringComparison.OrdinalIgnoreCase));

    private IReadOnlyList<string> Environments => [.. _vaults!.Select(v => v.Environment).Where(e => e.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.CurrentCultureIgnoreCase)];

    /// <inheritdoc />
    protected override bool ShowsOther => _vaults is not null && _shown != Filter;

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) =>
        change.Kind is ChangeKind.Catalog or ChangeKind.Policy || (change.PrincipalId is { } id && id == _readerId);

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        var filter = Filter;
        if (filter == _asked)
            return;
        _asked = filter;
        await ReadForAsync();
        // Whoever typed on is told of what they typed last.
        if (_shown == filter && Filter == filter)
            SayFound();
    }

    /// <inheritdoc />
    protected override Task LoadAsync() => _reading.RunOnceAsync(ReadListAsync);

    private async Task ReadListAsync()
    {
        var filter = Filter;
        if (filter != _shown)
            _mostShort = MostShort;
        var actor = await ReaderAsync();
        var mayAsk = actor.Has(PortalRole.Requester);
        _readerId = actor.Id?.ObjectId;
        IReadOnlyList<CatalogVault>? vaults = null;
        var result = await ReadOn.UntilAsync(filter == _shown ? Math.Max(_entries.Count, PageSize) : PageSize, async (after, most) =>
        {
            // Whoever types on waits for no more of what they looked for before.
            if (filter != Filter)
                return new Page<CatalogEntry>([], null);
            var part = await Browse.ExecuteAsync(filter.ToQuery(mayAsk, after, most), actor, Gone);
            if (!part.Succeeded)
                return Result<Page<CatalogEntry>>.Refused(part.Refusals);
            vaults = part.Value.Vaults;
            return part.Value.Entries;
        }, _mostShort);
        // Something else is looked for: it is read next.
        if (filter != Filter)
            return;
        _onlyMine = filter.OnlyMine(mayAsk);
        _refusals = result.Refusals;
        if (result.Succeeded)
            (_vaults, _entries, _next, _shown) = (vaults, result.Value.Items, result.Value.Next, filter);
        // Everything is not what the reader may ask for.
        else if (filter != _shown)
            (_entries, _next, _shown) = ([], null, null);
    }

    private Task LoadMoreAsync()
    {
        var filter = Filter;
        return _reading.RunAsync(() => ReadMoreAsync(filter));
    }

    private async Task ReadMoreAsync(CatalogFilter filter)
    {
        if (filter != _shown || _next is null)
            return;
        var actor = await ReaderAsync();
        var result = await Browse.ExecuteAsync(filter.ToQuery(actor.Has(PortalRole.Requester), _next, PageSize), actor, Gone);
        if (filter != Filter)
            return;
        _refusals = result.Refusals;
        if (!result.Succeeded)
            return;
        var entries = _entries.ToList();
        ReadOn.Put(entries, result.Value.Entries.Items, entry => entry.Scope);
        _entries = entries;
        _next = result.Value.Entries.Next;
        // What is read anew goes as far as this has come.
        _mostShort++;
        SayFound();
    }

    private void SayFound() => Announcer.Say(_next is null ? Words["Found", _entries.Count] : _entries.Count == 0 ? Words["None.Yet"] : Words["Found.More", _entries.Count]);

    // Each letter is not a step to go back to.
    private void SearchFor(string search) => Navigation.NavigateTo((Filter with { Search = search }).Url, replace: true);

    private void ChooseEnvironment(string environment) => Navigation.NavigateTo((Filter with { Environment = environment }).Url);
}
