using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Requests;

/// <summary>The one who asked takes a pending request back.</summary>
public sealed class WithdrawRequest(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes, AuditReads reads)
{
    /// <summary>Takes it back.</summary>
    /// <param name="requestId">The request.</param>
    /// <param name="actor">Who acts.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<Result<Done>> ExecuteAsync(Guid requestId, Actor actor, CancellationToken ct)
    {
        var result = await databases.RunAsync(db => WithdrawAsync(db, requestId, actor, ct), ct);
        if (result.Succeeded)
            changes.Publish(new PortalChange(ChangeKind.Request, requestId, actor.Id?.ObjectId));
        return result;
    }

    private async Task<Result<Done>> WithdrawAsync(PortalDb db, Guid requestId, Actor actor, CancellationToken ct)
    {
        var now = clock.Now();
        var request = await db.AccessRequests.SingleOrDefaultAsync(r => r.Id == requestId, ct);
        if (request is null)
            return new Refusal(RefusalCode.NotFound);
        if ((actor.IsNobody() ?? (actor.Is(request.Requester) ? null : new Refusal(RefusalCode.NotFound))) is { } refusal)
        {
            await reads.NoteAttemptAsync(db, nameof(WithdrawRequest), refusal, request.Subject(), actor, ct);
            return refusal;
        }

        if (request.CannotBeSettled(now) is { } settled)
            return settled;
        request.Withdraw(now);
        new AuditTrail(db, actor, now).RequestWithdrawn(request);
        await db.SaveChangesAsync(ct);
        return default(Done);
    }
}
