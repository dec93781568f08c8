using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Data;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Resources;

namespace Portal.Web.Approvals;

/// <summary>What waits for the reader's decision, the longest waiting first. What was on screen stays where it is: arrivals are added at the end, what is settled says so in its place.</summary>
public sealed partial class ApprovalsPage
{
    private const int PageSize = 20;

    private readonly ReadInTurn _reading = new();
    private List<Entry>? _entries;
    private IReadOnlyList<Refusal> _refusals = [];
    private string? _next;
    private int _arrived;

    [Inject] public required ListInbox Inbox { get; init; }

    [Inject] public required Announcer Announcer { get; init; }

    [Inject] public required IStringLocalizer<ApprovalWords> Words { get; init; }

    /// <inheritdoc />
    protected override Task OnInitializedAsync() => LoadAsync();

    /// <inheritdoc />
    protected override bool Concerns(PortalChange change) => change.Kind is ChangeKind.Request or ChangeKind.Pause;

    /// <inheritdoc />
    protected override Task LoadAsync() => _reading.RunAsync(ReadFirstAsync);

    /// <inheritdoc />
    protected override Task ReadAnewAsync() => _reading.RunAsync(() => _entries is { } entries ? ReadAnewAsync(entries) : ReadFirstAsync());

    private async Task ReadFirstAsync()
    {
        var part = await Inbox.ExecuteAsync(new InboxQuery(Take: PageSize), await ReaderAsync(), Gone);
        _refusals = part.Refusals;
        if (!part.Succeeded)
            return;
        _entries = [.. part.Value.Items.Select(item => new Entry(item))];
        _next = part.Value.Next;
    }

    private async Task ReadAnewAsync(List<Entry> entries)
    {
        // All that waits up to where the reader has loaded, and beyond when they had seen the end.
        var waiting = new List<InboxItem>();
        string? next = null;
        do
        {
            var part = await Inbox.ExecuteAsync(new InboxQuery(next, 50), await ReaderAsync(), Gone);
            _refusals = part.Refusals;
            if (!part.Succeeded)
                return;
            waiting.AddRange(part.Value.Items);
            next = part.Value.Next;
        }
        while (next is not null && waiting.Count < entries.Count + PageSize);

        var fresh = waiting.ToDictionary(item => item.Id);
        foreach (var entry in entries.Where(entry => entry.Fate is null))
        {
            // What keeps it from being approved may have changed: a pause, a subscription that is full.
            if (fresh.TryGetValue(entry.Item.Id, out var item))
                entry.Item = item;
            // Of what lies behind what was read nothing is known: much that is older may have come to wait for the reader.
            else if (next is null || entry.Item.Id < waiting[^1].Id)
                entry.Fate = InboxFate.Gone;
        }

        var known = entries.Select(entry => entry.Item.Id).ToHashSet();
        var news = _next is null ? waiting.Where(item => !known.Contains(item.Id)).ToList() : [];
        entries.AddRange(news.Select(item => new Entry(item)));
        if (news.Count > 0)
        {
            _next = next;
            // In an empty inbox they are seen at once.
            _arrived = entries.Count == news.Count ? 0 : _arrived + news.Count;
            Announcer.Say(Words[news.Count == 1 ? "Arrived.One" : "Arrived.Many", news.Count]);
        }
    }

    private Task MoreAsync() => _reading.RunAsync(async () =>
    {
        if (_next is null)
            return;
        var part = await Inbox.ExecuteAsync(new InboxQuery(_next, PageSize), await ReaderAsync(), Gone);
        _refusals = part.Refusals;
        if (!part.Succeeded)
            return;
        _entries!.AddRange(part.Value.Items.Where(item => !_entries.Exists(entry => entry.Item.Id == item.Id)).Select(item => new Entry(item)));
        _next = part.Value.Next;
    });

    private static void Settle(Entry entry, Verdict verdict) => entry.Fate = verdict == Verdict.Approved ? InboxFate.Approved : InboxFate.Denied;

    private void SawArrivals() => _arrived = 0;

    private static string AnchorOf(Entry entry) => "waiting-" + entry.Item.Reference;

    private sealed class Entry(InboxItem item)
    {
        public InboxItem Item { get; set; } = item;

        public InboxFate? Fate { get; set; }
    }
}
