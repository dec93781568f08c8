using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Requests;

/// <summary>A request that was sent.</summary>
/// <param name="RequestId">Its key.</param>
/// <param name="Reference">What people call it.</param>
public sealed record SubmittedRequest(Guid RequestId, string Reference);

/// <summary>What to send.</summary>
/// <param name="SubmissionKey">Made once per form: sending it twice gives the same request.</param>
/// <param name="Draft">The ask.</param>
public sealed record RequestSubmission(Guid SubmissionKey, RequestDraft Draft);

/// <summary>Sends a request: it and its audit event are saved together or not at all. One person sends no more of them within an hour than <see cref="RequestLimits"/> allow, and what is refused leaves one event in ten minutes for each reason.</summary>
public sealed class SubmitRequest(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes, AuditReads reads, RequestLimits limits)
{
    /// <summary>Sends it.</summary>
    public async Task<Result<SubmittedRequest>> ExecuteAsync(RequestSubmission input, Actor actor, CancellationToken ct)
    {
        var (result, lapsed) = await databases.RunAsync(db => SubmitAsync(db, input, actor, ct), ct);
        if (result.Succeeded)
        {
            PortalTelemetry.RequestsSubmitted.Add(1);
            foreach (var request in lapsed)
                changes.Publish(new PortalChange(ChangeKind.Request, request.Id, request.RequesterObjectId));
            changes.Publish(new PortalChange(ChangeKind.Request, result.Value.RequestId, actor.Id?.ObjectId));
        }

        return result;
    }

    private async Task<(Result<SubmittedRequest> Result, IReadOnlyList<AccessRequest> Lapsed)> SubmitAsync(PortalDb db, RequestSubmission input, Actor actor, CancellationToken ct)
    {
        var now = clock.Now();
        if ((actor.LacksAllOf(PortalRole.Requester) ?? actor.IsUnconfirmed()) is { } refusal)
        {
            await reads.NoteAttemptAsync(db, nameof(SubmitRequest), refusal, AuditSubject.Nothing, actor, ct);
            return (refusal, []);
        }

        var objectId = actor.Id!.Value.ObjectId;
        if (await SentAlreadyAsync(db, objectId, input.SubmissionKey, ct) is { } sent)
            return (sent, []);
        if (await FullUntilAsync(db, objectId, now, ct) is { } full)
        {
            // The other half of a double click may have been the last that there was room for.
            if (await SentAlreadyAsync(db, objectId, input.SubmissionKey, ct) is { } last)
                return (last, []);
            var tooMany = new Refusal(RefusalCode.TooManyRequests, null, limits.MostPerHour!, (int)Math.Ceiling((full - now).TotalMinutes));
            await reads.NoteAttemptAsync(db, nameof(SubmitRequest), tooMany, AuditSubject.Nothing, actor, ct);
            return (tooMany, []);
        }

        var check = await RequestCheck.RunAsync(db, input.Draft, actor, now, ct);
        if (check.Refusals.Count > 0)
        {
            // The other half of a double click may have been saved between the two looks: then it is the duplicate.
            if (check.Refusals.Any(r => r.Code == RefusalCode.DuplicateRequest) && await SentAlreadyAsync(db, objectId, input.SubmissionKey, ct) is { } meanwhile)
                return (meanwhile, []);
            if (check.Refusals.FirstOrDefault(MattersForSecurity) is { } reached)
            {
                await reads.NoteAttemptAsync(db, nameof(SubmitRequest), reached, new AuditSubject
                {
                    Principal = actor.Id,
                    PrincipalName = actor.DisplayName,
                    Scope = check.Scope?.Secret?.ArmId ?? check.Scope?.Vault.ArmId,
                    VaultName = check.Scope?.Vault.Name,
                    SecretName = check.Scope?.Secret?.Name,
                    RoleName = check.Role?.Name,
                }, actor, ct);
            }

            return (Result<SubmittedRequest>.Refused(check.Refusals), []);
        }

        var (vault, secret, role) = (check.Scope!.Vault, check.Scope.Secret, check.Role!);
        IReadOnlyList<AccessRequest> lapsed = [];
        if (check.OneIsOverdue)
        {
            // What has lapsed cannot be brought back, so it takes a time that Resource Manager's clock bears out, here as where requests lapse by themselves.
            if (!clock.IsBorneOut())
                return (NotBorneOut(), []);
            // A pending one of the same that has run out would stand in the way of the unique index. What else has run out lapses by itself.
            var scope = secret?.ArmId ?? vault.ArmId;
            lapsed = await LapseRequests.LapseOverdueAsync(db, now, r => r.RequesterObjectId == objectId && r.Scope == scope && r.RoleDefinitionId == role.DefinitionId, most: 1, ct);
        }

        var request = new AccessRequest(
            input.SubmissionKey,
            actor,
            vault,
            secret?.Name,
            role,
            new AccessWindow(input.Draft.Start, input.Draft.Duration),
            input.Draft.Justification!,
            PersonText.IsBlank(input.Draft.Ticket) ? null : input.Draft.Ticket,
            check.Policy!.Policy!,
            now);
        db.AccessRequests.Add(request);
        new AuditTrail(db, actor, now).RequestSubmitted(request);
        await db.SaveChangesAsync(ct);
        return (new SubmittedRequest(request.Id, request.Reference), lapsed);
    }

    // Whether there is no room for another, and until when. The keys are in the order of sending, so this walks no further back than the limit; two that send at the same instant may both find room.
    private async Task<DateTimeOffset?> FullUntilAsync(PortalDb db, Guid objectId, DateTimeOffset now, CancellationToken ct)
    {
        if (limits.MostPerHour is not { } most)
            return null;
        // What was sent by a clock that was ahead counts for nothing until its time comes round: otherwise they would wait until then.
        var earliest = await db.AccessRequests.Where(r => r.RequesterObjectId == objectId && r.SubmittedAt <= now).OrderByDescending(r => r.Id).Skip(most - 1).Select(r => (DateTimeOffset?)r.SubmittedAt).FirstOrDefaultAsync(ct);
        return earliest + RequestLimits.Span > now ? earliest + RequestLimits.Span : null;
    }

    private Refusal NotBorneOut() => clock.Skew() is { } skew
        ? new Refusal(RefusalCode.ClocksDisagree, null, Math.Round(skew.Offset.Duration().TotalSeconds))
        : new Refusal(RefusalCode.ClockNotConfirmed);

    private static Task<SubmittedRequest?> SentAlreadyAsync(PortalDb db, Guid objectId, Guid submissionKey, CancellationToken ct) =>
        db.AccessRequests.Where(r => r.RequesterObjectId == objectId && r.SubmissionKey == submissionKey).Select(r => new SubmittedRequest(r.Id, r.Reference)).SingleOrDefaultAsync(ct);

    // Reaching for what is not offered is worth a line in the trail; a form filled in badly is not.
    private static bool MattersForSecurity(Refusal refusal) =>
        refusal.Code is RefusalCode.RoleNotGrantable or RefusalCode.ScopeUnknown or RefusalCode.NotOffered or RefusalCode.NotEligible;
}
