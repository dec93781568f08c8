using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Policies;
using Portal.Web.Layout;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Policies;

/// <summary>What governs what: all policies, or one with its history. Read-only; policies come from the configuration.</summary>
public sealed partial class PoliciesPage : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    // Outlives its source: what is under way when the reader leaves is cancelled, and does not fail.
    private readonly CancellationToken _left;
    private IReadOnlyList<PolicyView>? _policies;
    private IReadOnlyList<Refusal> _refusals = [];
    private IDisposable? _live;

    public PoliciesPage() => _left = _gone.Token;

    [Inject] public required ListPolicies List { get; init; }

    [Inject] public required CurrentActor Reader { get; init; }

    [Inject] public required LiveChanges Live { get; init; }

    [Inject] public required IStringLocalizer<PolicyWords> Words { get; init; }

    /// <summary>The policy; null for all.</summary>
    [Parameter] public string? PolicyName { get; set; }

    private PolicyView? Shown => _policies?.FirstOrDefault(p => p.Rule.Name.Equals(PolicyName, StringComparison.OrdinalIgnoreCase));

    public void Dispose()
    {
        _live?.Dispose();
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        if (RendererInfo.IsInteractive)
            _live = Live.Subscribe(change => change.Kind == ChangeKind.Policy, () => InvokeAsync(ReloadAsync));
        await LoadAsync();
    }

    private async Task ReloadAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private async Task LoadAsync()
    {
        var result = await List.ExecuteAsync(await Reader.GetReaderAsync(_left), _left);
        _refusals = result.Refusals;
        if (result.Succeeded)
            _policies = result.Value;
    }
}
