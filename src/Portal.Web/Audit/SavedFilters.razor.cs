using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Audit.SavedFilters;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The filters that the reader keeps, and the one in the address to be kept under a name.</summary>
public sealed partial class SavedFilters
{
    private List<SavedFilter> _saved = [];
    private IReadOnlyList<Refusal> _refusals = [];
    private WrittenField _field = null!;
    private string? _name;
    private bool _naming;
    private bool _focus;
    private bool _saving;

    [Inject] public required IStringLocalizer<AuditWords> Words { get; init; }

    [Inject] public required IStringLocalizer<RefusalWords> Refused { get; init; }

    [Inject] public required ListAuditFilters List { get; init; }

    [Inject] public required SaveAuditFilter Save { get; init; }

    [Inject] public required DeleteAuditFilter Delete { get; init; }

    [Inject] public required CurrentActor Current { get; init; }

    [Inject] public required Attempt Attempt { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    /// <summary>The filters of the page.</summary>
    [Parameter, EditorRequired] public required AuditAddress Address { get; set; }

    private Refusal? OfName => _naming ? _refusals.FirstOrDefault(refusal => refusal.Field == "name") : null;

    private RefusalText? NameFault => OfName is { } refusal ? RefusalText.Of(refusal, Refused) : null;

    /// <inheritdoc />
    protected override async Task OnInitializedAsync()
    {
        var result = await List.ExecuteAsync(await Current.GetAsync(), CancellationToken.None);
        _refusals = result.Refusals;
        if (result.Succeeded)
            _saved = [.. result.Value];
    }

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_focus)
            return;
        _focus = false;
        await _field.FocusAsync();
    }

    private void Open() => (_naming, _focus, _name, _refusals) = (true, true, null, []);

    private void Close() => (_naming, _refusals) = (false, []);

    private async Task SaveAsync()
    {
        var read = Address.Read();
        if (!read.Succeeded)
        {
            _refusals = read.Refusals;
            return;
        }

        _saving = true;
        try
        {
            var result = await Attempt.RunAsync(actor => Save.ExecuteAsync(new FilterToSave(_name, read.Value), actor, CancellationToken.None));
            _refusals = result.Refusals;
            if (!result.Succeeded)
                return;
            _saved = [.. _saved.Where(f => f.Id != result.Value.Id).Append(result.Value).OrderBy(f => f.Name, StringComparer.CurrentCultureIgnoreCase)];
            _naming = false;
            Announcer.Say(Words["Saved.Done", result.Value.Name]);
        }
        finally
        {
            _saving = false;
        }
    }

    private async Task DeleteAsync(SavedFilter saved)
    {
        var result = await Attempt.RunAsync(actor => Delete.ExecuteAsync(saved.Id, actor, CancellationToken.None));
        // One that is not there any more was deleted in another tab.
        if (result.Succeeded || result.Refusals[0].Code == RefusalCode.NotFound)
            _saved.Remove(saved);
        else
            _refusals = result.Refusals;
    }
}
