using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Policies;

namespace Portal.Core.Requests;

/// <summary>What to look for in the catalog.</summary>
/// <param name="Search">Words that must all occur in name, vault, owner, environment or tags; null for everything.</param>
/// <param name="Environment">Only this environment; null for all.</param>
/// <param name="Vault">Only this vault, by name; null for all.</param>
/// <param name="OnlyMine">Only what the actor may ask for.</param>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 100.</param>
public sealed record CatalogQuery(string? Search = null, string? Environment = null, string? Vault = null, bool OnlyMine = false, string? After = null, int Take = 20);

/// <summary>A role that a policy offers at a scope.</summary>
/// <param name="Role">The role.</param>
/// <param name="PolicyName">The policy that governs it for the one who looks.</param>
/// <param name="PolicyVersion">Its version.</param>
/// <param name="LongestWindow">The longest access window.</param>
/// <param name="RequiresTicket">Whether a ticket is needed.</param>
/// <param name="ApproverGroups">Who approves, by group name.</param>
/// <param name="EligibleGroups">Who may ask, by group name.</param>
/// <param name="MayAsk">Whether the one who looks may ask.</param>
public sealed record Offer(GrantableRole Role, string PolicyName, int PolicyVersion, TimeSpan LongestWindow, bool RequiresTicket, IReadOnlyList<string> ApproverGroups, IReadOnlyList<string> EligibleGroups, bool MayAsk);

/// <summary>A secret as the catalog shows it.</summary>
/// <param name="Scope">Its ARM id: what a request names.</param>
/// <param name="Name">Its name.</param>
/// <param name="VaultName">Its vault.</param>
/// <param name="Environment">The vault's environment; empty for none.</param>
/// <param name="Owner">The vault's owner; empty for none.</param>
/// <param name="ContentType">What it says it holds.</param>
/// <param name="ExpiresAt">When the secret itself expires; null for never.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="Obstacles">What keeps the portal from granting here; empty when nothing does.</param>
/// <param name="Offers">What the policies offer here; empty when nothing.</param>
/// <param name="HeldUntil">Until when the one who looks has access here; null when they do not have it now.</param>
/// <param name="PendingReference">Their own pending request here; null for none.</param>
public sealed record CatalogEntry(
    string Scope,
    string Name,
    string VaultName,
    string Environment,
    string Owner,
    string? ContentType,
    DateTimeOffset? ExpiresAt,
    IReadOnlyDictionary<string, string> Tags,
    IReadOnlyList<Refusal> Obstacles,
    IReadOnlyList<Offer> Offers,
    DateTimeOffset? HeldUntil,
    string? PendingReference)
{
    /// <summary>What is approved here for the one who looks and not there yet, the next to come; null for nothing.</summary>
    public PromisedAccess? Promised { get; init; }

    /// <summary>Whether the one who looks may ask for anything here now.</summary>
    public bool MayAsk => Obstacles.Count == 0 && Offers.Any(o => o.MayAsk);
}

/// <summary>A vault as the catalog shows it.</summary>
/// <param name="Scope">Its ARM id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Environment">Its environment; empty for none.</param>
/// <param name="Owner">Its owner; empty for none.</param>
/// <param name="Location">Its region.</param>
/// <param name="SecretCount">How many secrets it has.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="SeenAt">When it was last seen.</param>
/// <param name="ListingFault">Why its secrets could not be listed; null when they could.</param>
/// <param name="Obstacles">What keeps the portal from granting here.</param>
/// <param name="WholeVaultOffers">What the policies offer on the vault as a whole.</param>
public sealed record CatalogVault(string Scope, string Name, string Environment, string Owner, string Location, int SecretCount, IReadOnlyDictionary<string, string> Tags, DateTimeOffset SeenAt, string? ListingFault, IReadOnlyList<Refusal> Obstacles, IReadOnlyList<Offer> WholeVaultOffers);

/// <summary>A part of the catalog.</summary>
/// <param name="Entries">The secrets.</param>
/// <param name="Vaults">All vaults, whatever the filter: what the filter chooses from.</param>
public sealed record CatalogPage(Page<CatalogEntry> Entries, IReadOnlyList<CatalogVault> Vaults);

/// <summary>Shows what there is, what the one who looks may ask for, and what governs it. Everyone with a role may look: names are no secrets here.</summary>
public sealed class BrowseCatalog(IDbContextFactory<PortalDb> databases, ClockWatch clock)
{
    /// <summary>How many secrets one page of what somebody may ask for looks through at most. When there are more the page ends there, however little was found, and says where to go on.</summary>
    public const int MostLookedAt = 10_000;

    private const string ListName = "catalog";

    /// <summary>Looks.</summary>
    public async Task<Result<CatalogPage>> ExecuteAsync(CatalogQuery input, Actor actor, CancellationToken ct)
    {
        if ((actor.IsNobody() ?? (input.OnlyMine ? actor.IsUnconfirmed() : null)) is { } refusal)
            return refusal;
        var place = input.After is null ? "" : Cursor.Read(ListName, input.After);
        if (place is null)
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        await using var db = await databases.CreateDbContextAsync(ct);
        var policies = await db.AccessPolicies.AsNoTracking().Where(p => p.RetiredAt == null).OrderBy(p => p.Rank).ToListAsync(ct);
        var vaults = await db.Vaults.AsNoTracking().Where(v => v.GoneAt == null).OrderBy(v => v.Name).ToListAsync(ct);
        var (entries, next) = await EntriesAsync(db, input, place, policies, vaults, actor, ct);
        var counts = await db.Secrets.Where(s => s.DeletedAt == null).GroupBy(s => s.VaultId).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, ct);
        return new CatalogPage(
            new Page<CatalogEntry>(await WithOwnStateAsync(db, entries, actor, ct), next),
            [.. vaults.Select(v => new CatalogVault(v.ArmId, v.Name, v.Environment, v.Owner, v.Location, counts.GetValueOrDefault(v.Id), v.Tags, v.SeenAt, v.ListingFault, [.. new RequestScope(v, null).Obstacles()], OffersAt(policies, v.Name, null, actor)))]);
    }

    /// <summary>What the policies offer at a scope, for someone.</summary>
    internal static IReadOnlyList<Offer> OffersAt(IReadOnlyList<AccessPolicy> policies, string vaultName, string? secretName, Actor actor)
    {
        var offers = new List<Offer>();
        foreach (var role in GrantableRole.All)
        {
            if (PolicyEvaluation.Governing(policies, new Entitlement(vaultName, secretName, role), actor.Groups) is not { } policy)
                continue;
            var rule = policy.Definition;
            offers.Add(new Offer(role, rule.Name, policy.Version, rule.LongestWindow, rule.RequiresTicket,
                [.. rule.Approvers.Select(g => g.Name)],
                [.. rule.Eligible.Select(g => g.Name)],
                actor.Has(PortalRole.Requester) && PolicyEvaluation.IsEligible(rule, actor.Groups)));
        }

        return offers;
    }

    private static async Task<(IReadOnlyList<CatalogEntry> Entries, string? Next)> EntriesAsync(PortalDb db, CatalogQuery input, string place, IReadOnlyList<AccessPolicy> policies, IReadOnlyList<Vault> vaults, Actor actor, CancellationToken ct)
    {
        var take = Math.Clamp(input.Take, 1, 100);
        var wanted = vaults.Where(v => Fits(v, input) && (!input.OnlyMine || MayHoldMine(v, policies, actor))).ToDictionary(v => v.Id);
        if (wanted.Count == 0)
            return ([], null);
        if (!input.OnlyMine)
        {
            var batch = await Matching(db, input, wanted.Keys, place).OrderBy(s => s.ArmId).Take(take + 1).ToListAsync(ct);
            return ([.. batch.Take(take).Select(Entry)], batch.Count > take ? Cursor.Mark(ListName, batch[take - 1].ArmId) : null);
        }

        var (mine, next) = await MineAsync(db, input, place, take, policies, wanted, actor, ct);
        return ([.. (await db.Secrets.AsNoTracking().Where(s => mine.Contains(s.ArmId)).OrderBy(s => s.ArmId).ToListAsync(ct)).Select(Entry)], next);

        CatalogEntry Entry(Secret secret) => EntryFor(secret, wanted[secret.VaultId], policies, actor);
    }

    // Patterns decide what somebody may ask for, and no database knows them: names are looked through, many at a time, and only what is shown is read whole.
    private static async Task<(IReadOnlyList<string> ArmIds, string? Next)> MineAsync(PortalDb db, CatalogQuery input, string place, int take, IReadOnlyList<AccessPolicy> policies, Dictionary<Guid, Vault> wanted, Actor actor, CancellationToken ct)
    {
        var mine = new List<string>();
        // In most catalogs the first few names fill the page.
        for (var (lookedAt, size) = (0, 4 * take); ; size = 1000)
        {
            var batch = await Matching(db, input, wanted.Keys, place).Where(s => s.Enabled).OrderBy(s => s.ArmId).Take(size).Select(s => new { s.ArmId, s.Name, s.VaultId }).ToListAsync(ct);
            foreach (var secret in batch)
            {
                if (mine.Count == take)
                    return (mine, Cursor.Mark(ListName, place));
                place = secret.ArmId;
                if (OffersAt(policies, wanted[secret.VaultId].Name, secret.Name, actor).Any(o => o.MayAsk))
                    mine.Add(secret.ArmId);
            }

            if (batch.Count < size)
                return (mine, null);
            if ((lookedAt += size) >= MostLookedAt)
                return (mine, Cursor.Mark(ListName, place));
        }
    }

    // Whether there may be anything in a vault that somebody may ask for.
    private static bool MayHoldMine(Vault vault, IReadOnlyList<AccessPolicy> policies, Actor actor) =>
        actor.Has(PortalRole.Requester)
        && !new RequestScope(vault, null).Obstacles().Any()
        && policies.Any(p => p.Definition.CoversVault(vault.Name) && PolicyEvaluation.IsEligible(p.Definition, actor.Groups));

    private static IQueryable<Secret> Matching(PortalDb db, CatalogQuery input, IEnumerable<Guid> vaultIds, string place)
    {
        var matching = db.Secrets.AsNoTracking().Where(s => s.DeletedAt == null && vaultIds.Contains(s.VaultId));
        if (place.Length > 0)
            matching = matching.Where(s => string.Compare(s.ArmId, place) > 0);
        // No name holds it, and PostgreSQL takes no text that does.
        if (input.Search?.Contains('\0', StringComparison.Ordinal) == true)
            return matching.Where(_ => false);
        foreach (var word in (input.Search ?? "").ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(8))
            matching = matching.Where(s => s.SearchText.Contains(word));
        return matching;
    }

    private static bool Fits(Vault vault, CatalogQuery input) =>
        (string.IsNullOrEmpty(input.Environment) || vault.Environment.Equals(input.Environment, StringComparison.OrdinalIgnoreCase))
        && (string.IsNullOrEmpty(input.Vault) || vault.Name.Equals(input.Vault, StringComparison.OrdinalIgnoreCase));

    private static CatalogEntry EntryFor(Secret secret, Vault vault, IReadOnlyList<AccessPolicy> policies, Actor actor) => new(
        secret.ArmId,
        secret.Name,
        vault.Name,
        vault.Environment,
        vault.Owner,
        secret.ContentType,
        secret.ExpiresAt,
        secret.Tags,
        [.. new RequestScope(vault, secret).Obstacles()],
        OffersAt(policies, vault.Name, secret.Name, actor),
        null,
        null);

    private async Task<IReadOnlyList<CatalogEntry>> WithOwnStateAsync(PortalDb db, IReadOnlyList<CatalogEntry> entries, Actor actor, CancellationToken ct)
    {
        if (actor.Id is not { } id || entries.Count == 0)
            return entries;
        var now = clock.Now();
        var scopes = entries.Select(e => e.Scope).ToList();
        // Only "not ended" is asked of the database: two states to leave out become a NOT IN, which no index of what has not ended answers.
        var live = (await db.Grants
            .Where(g => g.PrincipalObjectId == id.ObjectId && scopes.Contains(g.Scope) && g.State != GrantState.Ended && g.EndsAt > now)
            .Select(g => new { g.Scope, g.StartsAt, g.EndsAt, g.State }).ToListAsync(ct)).Where(g => g.State != GrantState.Revoking).ToList();
        var pending = await db.AccessRequests
            .Where(r => r.State == RequestState.Pending && r.RequesterObjectId == id.ObjectId && scopes.Contains(r.Scope) && r.LapsesAt > now)
            .Select(r => new { r.Scope, r.Reference }).ToListAsync(ct);
        return [.. entries.Select(e => e with
        {
            HeldUntil = live.Where(g => g.Scope == e.Scope && g.State == GrantState.Active).Select(g => (DateTimeOffset?)g.EndsAt).Max(),
            Promised = live.Where(g => g.Scope == e.Scope && g.State != GrantState.Active).OrderBy(g => g.StartsAt).Select(g => new PromisedAccess(g.StartsAt, g.EndsAt)).FirstOrDefault(),
            PendingReference = pending.FirstOrDefault(p => p.Scope == e.Scope)?.Reference,
        })];
    }
}
