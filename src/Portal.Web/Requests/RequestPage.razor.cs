using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Requests;

/// <summary>One secret, or a vault as a whole: what governs it, and the form that asks for it.</summary>
public sealed partial class RequestPage : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    // Outlives its source: what is under way when the reader leaves is cancelled, and does not fail.
    private readonly CancellationToken _left;
    private readonly LaterLook _later = new();
    private (string Vault, string? Secret) _loaded;
    private RequestableScope? _target;
    private RequestInput? _startWith;
    private IReadOnlyList<Refusal> _refusals = [];
    private IReadOnlyList<string>? _cannot;
    private bool _unknown;

    public RequestPage() => _left = _gone.Token;

    [Inject] public required BrowseCatalog Browse { get; init; }

    [Inject] public required GetCatalogEntry Get { get; init; }

    [Inject] public required GetRequest GetRequest { get; init; }

    [Inject] public required CurrentActor Reader { get; init; }

    [Inject] public required LiveChanges Live { get; init; }

    [Inject] public required IStringLocalizer<RequestFormWords> Words { get; init; }

    [Inject] public required IStringLocalizer<RefusalWords> Refused { get; init; }

    [Parameter] public required string VaultName { get; set; }

    /// <summary>The secret; null for the vault as a whole.</summary>
    [Parameter] public string? SecretName { get; set; }

    /// <summary>The reference of an earlier request to start from; null for none.</summary>
    [SupplyParameterFromQuery(Name = "again")] public string? Again { get; set; }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override Task OnParametersSetAsync()
    {
        if (_loaded == (VaultName, SecretName))
            return Task.CompletedTask;
        _loaded = (VaultName, SecretName);
        (_target, _unknown, _refusals, _cannot, _startWith) = (null, false, [], null, null);
        return LoadAsync();
    }

    // After a pause, and when the page was loaded anew, what was written waits in the browser for the form to come.
    private async Task LoadAsync()
    {
        var asked = _loaded;
        try
        {
            await ReadAsync();
        }
        catch (Exception fault) when (RendererInfo.IsInteractive && DatabaseFault.Is(fault))
        {
            Live.NoteFailure(fault);
            // What was not read of a secret that was left says nothing of the next.
            if (asked != _loaded)
                return;
            _refusals = [new Refusal(RefusalCode.DatabaseFailed)];
        }

        if (RendererInfo.IsInteractive && _refusals is [{ Code: RefusalCode.StandingUnknown or RefusalCode.DatabaseFailed }, ..])
            _later.Ask(Live, InvokeAsync, LookAgainAsync, _left);
    }

    private async Task LookAgainAsync()
    {
        if (_target is not null)
            return;
        await LoadAsync();
        StateHasChanged();
    }

    private async Task ReadAsync()
    {
        var asked = _loaded;
        var actor = await Reader.GetAsync(_left);
        // The address has names, a scope has an ARM id; the catalog knows both.
        var catalog = await Browse.ExecuteAsync(new CatalogQuery(Vault: VaultName, Take: 1), actor, _left);
        // Another secret is asked for: it is read by itself.
        if (asked != _loaded)
            return;
        if (!catalog.Succeeded)
        {
            _refusals = catalog.Refusals;
            return;
        }

        var vault = catalog.Value.Vaults.FirstOrDefault(v => v.Name.Equals(VaultName, StringComparison.OrdinalIgnoreCase));
        if (vault is null)
        {
            _unknown = true;
            return;
        }

        var found = await Get.ExecuteAsync(SecretName is null ? vault.Scope : ArmId.OfSecret(vault.Scope, SecretName), actor, _left);
        if (asked != _loaded)
            return;
        if (!found.Succeeded)
        {
            _unknown = found.Refusals.Any(r => r.Code == RefusalCode.ScopeUnknown);
            _refusals = found.Refusals;
            return;
        }

        // Whether they may ask rests on their groups: nobody is sent away as not eligible while those are not known.
        if (found.Value is { Obstacles.Count: 0 } && !found.Value.Offers.Any(o => o.MayAsk) && actor.IsUnconfirmed() is { } unknown)
        {
            _refusals = [unknown];
            return;
        }

        var startWith = await StartFromAsync(actor);
        if (asked != _loaded)
            return;
        (_target, _startWith, _cannot, _refusals) = (found.Value, startWith, WhyNot(found.Value, actor), []);
    }

    private IReadOnlyList<string>? WhyNot(RequestableScope scope, Actor actor)
    {
        if (scope.Obstacles.Count > 0)
            return [.. scope.Obstacles.Select(o => RefusalText.Of(o, Refused)).Select(t => $"{t.Message} {t.WhatToDo}")];
        if (scope.Offers.Any(o => o.MayAsk))
            return null;
        if (!actor.Has(PortalRole.Requester))
            return [Words["Cannot.NoRole"]];
        return scope.Offers.Count == 0
            ? [Words["Cannot.NoOffer"]]
            : [.. scope.Offers.DistinctBy(o => o.PolicyName).Select(o => Words["Cannot.Who", o.PolicyName, string.Join(", ", o.EligibleGroups)].Value)];
    }

    // An earlier request of one's own says what to ask for again; the start and the justification's truth are new each time, the words are a beginning.
    private async Task<RequestInput?> StartFromAsync(Actor actor)
    {
        // No reference holds a NUL, and PostgreSQL takes no text that does.
        if (string.IsNullOrEmpty(Again) || Again.Contains('\0', StringComparison.Ordinal))
            return null;
        var earlier = await GetRequest.ExecuteAsync(Again, actor, _left);
        // Whose request it is not, may not be taken back by them; the use case answers as if there were none. Their words are nobody else's to send, although some may read them.
        if (!earlier.Succeeded || earlier.Value.Actions.Withdraw?.Code == RefusalCode.NotFound)
            return null;
        var minutes = earlier.Value.Row.Duration.TotalMinutes;
        return new RequestInput
        {
            RoleId = earlier.Value.RoleDefinitionId,
            Minutes = minutes == Math.Floor(minutes) && RequestForm.UsualLengths.Contains((int)minutes) ? (int)minutes : null,
            Amount = minutes.ToString(System.Globalization.CultureInfo.CurrentCulture),
            Unit = LengthUnit.Minutes,
            // More time begins where the present one ends; both are there in between, so that access has no gap.
            FollowsOn = earlier.Value.Grant is { IsLive: true, EndsAt: var end } ? end : null,
            Justification = earlier.Value.Justification,
            Ticket = earlier.Value.Ticket ?? "",
        };
    }
}
