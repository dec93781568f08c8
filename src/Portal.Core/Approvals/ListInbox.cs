using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;

namespace Portal.Core.Approvals;

/// <summary>A request that waits for the one who looks.</summary>
/// <param name="Id">Its key.</param>
/// <param name="Reference">What people call it.</param>
/// <param name="RequesterName">Who asks.</param>
/// <param name="RequesterUpn">Their UPN.</param>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the vault as a whole.</param>
/// <param name="RoleName">The role.</param>
/// <param name="Duration">How long.</param>
/// <param name="WindowStart">From when; null for as soon as approved.</param>
/// <param name="Justification">Why.</param>
/// <param name="Ticket">The ticket; null for none.</param>
/// <param name="PolicyName">The policy that governs.</param>
/// <param name="SubmittedAt">When it was sent.</param>
/// <param name="LapsesAt">When it lapses if nobody decides.</param>
/// <param name="Requester">What the one who asks holds and held; null when it was not asked for.</param>
/// <param name="ApproveRefusal">Why the one who looks cannot approve it now (a policy that was changed or withdrawn, a pause, a vault that was locked, a full subscription); null when nothing is known to be in the way.</param>
public sealed record InboxItem(Guid Id, string Reference, string RequesterName, string? RequesterUpn, string VaultName, string? SecretName, string RoleName, TimeSpan Duration, DateTimeOffset? WindowStart, string Justification, string? Ticket, string PolicyName, DateTimeOffset SubmittedAt, DateTimeOffset LapsesAt, RequesterRecord? Requester, Refusal? ApproveRefusal);

/// <summary>What to list.</summary>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 50.</param>
/// <param name="WithRecords">Whether to say of each who asks what they hold and held, and whether there is room for it.</param>
public sealed record InboxQuery(string? After = null, int Take = 20, bool WithRecords = true);

/// <summary>Lists what waits for the actor's decision, the longest waiting first. Their own requests are not among it.</summary>
/// <remarks>Refused while the directory does not confirm the actor's groups: by a token, which nearly always brings none, nothing would wait, and what is on screen would seem to be decided.</remarks>
public sealed class ListInbox(IDbContextFactory<PortalDb> databases, AssignmentRoom room, ClockWatch clock)
{
    private const string ListName = "inbox";

    /// <summary>Lists it.</summary>
    public async Task<Result<Page<InboxItem>>> ExecuteAsync(InboxQuery input, Actor actor, CancellationToken ct)
    {
        if ((actor.LacksAllOf(PortalRole.Approver) ?? actor.IsUnconfirmed()) is { } refusal)
            return refusal;
        if (!Cursor.TryRead(ListName, input.After, out var behind))
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        var take = Math.Clamp(input.Take, 1, 50);
        await using var db = await databases.CreateDbContextAsync(ct);
        var now = clock.Now();
        var requests = new List<AccessRequest>();
        foreach (var policyId in await PoliciesOfAsync(db, actor, ct))
        {
            var waiting = Waiting(db, policyId, actor, now);
            if (behind is { } place)
                waiting = waiting.Where(r => r.Id > place);
            requests.AddRange(await waiting.OrderBy(r => r.Id).Take(take + 1).ToListAsync(ct));
        }

        var more = requests.Count > take;
        requests = [.. requests.OrderBy(r => r.Id).Take(take)];

        var pauses = await PausesInForce.FindAllAsync(db, [.. requests.Select(r => (r.Requester, r.Scope))], ct);
        var grounds = await ApprovalGround.ReadAllAsync(db, requests, ct);
        var records = input.WithRecords ? await RequesterRecord.ReadAllAsync(db, requests, ct) : null;
        var lacking = input.WithRecords ? await room.LackingAllAsync(db, [.. requests.Zip(grounds, (r, ground) => (r.Scope, r.RequesterObjectId, r.RoleDefinitionId, ground.Pinned.Definition.Provider))], ct) : null;
        var items = requests.Select((r, i) => new InboxItem(r.Id, r.Reference, r.RequesterName, r.RequesterUpn, r.VaultName, r.SecretName, r.RoleName, r.Duration, r.WindowStart, r.Justification, r.Ticket, r.PolicyName, r.SubmittedAt, r.LapsesAt,
            records?[i],
            grounds[i].NotTheirs(actor) ?? pauses[i]?.Refusal ?? grounds[i].Lacking(r, now) ?? lacking?[i])).ToList();
        return new Page<InboxItem>(items, more ? Cursor.Mark(ListName, items[^1].Id.ToString()) : null);
    }

    /// <summary>The policy versions by which an actor decides and under which something is pending. Policies are few, requests are many: who decides by what is settled here. Versions pile up with every change of a policy, and under nearly all of them nothing waits any more.</summary>
    internal static async Task<IReadOnlyList<Guid>> PoliciesOfAsync(PortalDb db, Actor actor, CancellationToken ct)
    {
        var policies = await db.AccessPolicies.AsNoTracking().Where(p => db.AccessRequests.Any(r => r.PolicyId == p.Id && r.State == RequestState.Pending)).ToListAsync(ct);
        return [.. policies.Where(p => PolicyEvaluation.IsApprover(p.Definition, actor.Groups)).Select(p => p.Id)];
    }

    /// <summary>The pending requests under one policy version that an actor may decide. One version at a time, because only then does an index over what is pending give them in order: over several at once a database walks everything that is pending.</summary>
    internal static IQueryable<AccessRequest> Waiting(PortalDb db, Guid policyId, Actor actor, DateTimeOffset now)
    {
        var self = actor.Id!.Value.ObjectId;
        return db.AccessRequests.AsNoTracking()
            .Where(r => r.State == RequestState.Pending && r.PolicyId == policyId && r.RequesterObjectId != self && r.LapsesAt > now);
    }
}

/// <summary>Counts what waits for the actor's decision: the number beside the word.</summary>
public sealed class CountInbox(IDbContextFactory<PortalDb> databases, ClockWatch clock)
{
    /// <summary>It counts no further than this.</summary>
    public const int Most = 100;

    /// <summary>Counts; an actor who approves nothing has nothing waiting. Refused while their groups are not confirmed.</summary>
    public async Task<Result<int>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } refusal)
            return refusal;
        if (!actor.Has(PortalRole.Approver))
            return 0;
        if (actor.IsUnconfirmed() is { } unknown)
            return unknown;
        await using var db = await databases.CreateDbContextAsync(ct);
        var now = clock.Now();
        var count = 0;
        foreach (var policyId in await ListInbox.PoliciesOfAsync(db, actor, ct))
        {
            count += await ListInbox.Waiting(db, policyId, actor, now).OrderBy(r => r.Id).Take(Most - count).CountAsync(ct);
            if (count == Most)
                break;
        }

        return count;
    }
}
