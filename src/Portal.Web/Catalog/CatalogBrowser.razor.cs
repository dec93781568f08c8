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

    private CatalogFilter? _loaded;
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
    protected override bool Concerns(PortalChange change) =>
        change.Kind is ChangeKind.Catalog or ChangeKind.Policy || (change.PrincipalId is { } id && id == _readerId);

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        if (Filter == _loaded)
            return;
        _mostShort = MostShort;
        await ReadAsync(PageSize);
        SayFound();
    }

    /// <inheritdoc />
    protected override Task LoadAsync() => ReadAsync(Math.Max(_entries.Count, PageSize));

    private async Task ReadAsync(int take)
    {
        var filter = _loaded = Filter;
        var actor = await ReaderAsync();
        var mayAsk = actor.Has(PortalRole.Requester);
        _readerId = actor.Id?.ObjectId;
        IReadOnlyList<CatalogVault>? vaults = null;
        var result = await ReadOn.UntilAsync(take, async (after, most) =>
        {
            var part = await Browse.ExecuteAsync(filter.ToQuery(mayAsk, after, most), actor, Gone);
            if (!part.Succeeded)
                return Result<Page<CatalogEntry>>.Refused(part.Refusals);
            vaults = part.Value.Vaults;
            return part.Value.Entries;
        }, _mostShort);
        // Whoever types on is not shown what they looked for before.
        if (filter != _loaded)
            return;
        _onlyMine = filter.OnlyMine(mayAsk);
        _refusals = result.Refusals;
        if (!result.Succeeded)
            return;
        _vaults = vaults;
        _entries = result.Value.Items;
        _next = result.Value.Next;
    }

    private async Task LoadMoreAsync()
    {
        var filter = _loaded!;
        var actor = await ReaderAsync();
        var result = await Browse.ExecuteAsync(filter.ToQuery(actor.Has(PortalRole.Requester), _next, PageSize), actor, Gone);
        if (filter != _loaded)
            return;
        _refusals = result.Refusals;
        if (!result.Succeeded)
            return;
        // What was read anew meanwhile may go further than where this went on from.
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
