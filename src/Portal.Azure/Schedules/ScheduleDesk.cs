using System.Globalization;
using Portal.Core;
using Portal.Core.Grants;

namespace Portal.Azure.Schedules;

/// <summary>Hands in requests under names that are derived from what is asked: the same request, made again or arriving late, is the same call, and Azure takes it once.</summary>
internal sealed class ScheduleDesk(ScheduleOperations operations, AssignmentTarget target)
{
    // A name is used up by a request that failed, too. Past this many, a fresh one is better than none.
    private const int DerivedNames = 8;

    /// <summary>Asks.</summary>
    /// <param name="type">AdminAssign, AdminUpdate or AdminRemove.</param>
    /// <param name="until">The end to give; null to remove.</param>
    /// <param name="schedule">The schedule to change or remove; null for a new one.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The provider's ids of the call, if it gave any.</returns>
    internal async Task<ProviderCall> AskAsync(string type, DateTimeOffset? until, Guid? schedule, CancellationToken ct)
    {
        var content = new ScheduleRequestContent(
            target.PrincipalId,
            $"/subscriptions/{Connection.ArmScope.Parse(target.Scope).SubscriptionId}/providers/Microsoft.Authorization/roleDefinitions/{target.RoleDefinitionId}",
            type,
            until is { } end ? AssignmentMark.For(end) : $"{AssignmentMark.Prefix} taken back by the access portal.",
            schedule?.ToString(),
            until is { } at ? ScheduleInfo.Until(at) : null);
        var what = string.Create(CultureInfo.InvariantCulture, $"{type}|{schedule}|{until?.UtcDateTime:O}");
        var withdrawn = false;
        for (var turn = 0; ; turn++)
        {
            var name = turn < DerivedNames ? AssignmentName.OfRequest(target.Name, what, turn) : Guid.NewGuid();
            try
            {
                var answer = await operations.AskAsync(name, content, ct);
                Judge(answer.Status);
                return answer.ProviderCall;
            }
            catch (CloudCallException e) when (e.Code == ScheduleFaults.OneWaits && until is not null && !withdrawn)
            {
                // One of ours that asks for another end than is wanted now; Azure takes one at a time. Somebody else's stays, and this one is refused again.
                await WithdrawAsync(ct);
                withdrawn = true;
                // Nothing was handed in under this name: the next try finds what waits under it.
                turn--;
            }
            catch (CloudCallException e) when (e.Code == ScheduleFaults.RequestExists)
            {
                // Ours by its name, handed in before. Done with, it says nothing of now: what it gave may have been taken since.
                var earlier = await operations.FindRequestAsync(name, ct)
                    ?? throw new CloudCallException(e.Code, e.Message, e.Status, isTransient: true, e.RetryAfter, e.ProviderCall);
                if (IsUnderWay(earlier.Status) || WaitsForPeople(earlier.Status))
                    Judge(earlier.Status);
            }
        }
    }

    /// <summary>Takes back every request of ours about this principal, role and scope that waits for somebody's approval: approved later, it would give what nobody needs any more.</summary>
    /// <exception cref="CloudCallException">One still waits, or was approved at that moment; transient.</exception>
    internal async Task WithdrawAsync(CancellationToken ct)
    {
        foreach (var name in await WaitingAsync(ct))
        {
            await operations.CancelAsync(name, ct);
            if (await operations.FindRequestAsync(name, ct) is { } left && (WaitsForPeople(left.Status) || IsUnderWay(left.Status) || IsCarriedOut(left.Status)))
                throw ScheduleFaults.NotWithdrawn(left.Status);
        }
    }

    /// <summary>Whether there is such a request.</summary>
    internal async Task<bool> IsWaitingAsync(CancellationToken ct) => (await WaitingAsync(ct)).Count > 0;

    private async Task<List<Guid>> WaitingAsync(CancellationToken ct)
    {
        var waiting = new List<Guid>();
        await foreach (var request in operations.ListRequestsForAsync(target.PrincipalId, ct).UnlessScopeIsGone(ct))
            if (WaitsForPeople(request.Status) && AssignmentMark.IsOurs(request.Justification) && target.IsAt(request.Scope, request.PrincipalId, request.RoleDefinitionId))
                waiting.Add(request.Name);
        return waiting;
    }

    private static bool IsCarriedOut(string status) => status is "Provisioned" or "Revoked";

    private static void Judge(string status)
    {
        if (IsCarriedOut(status))
            return;
        throw IsUnderWay(status) ? ScheduleFaults.UnderWay(status) : WaitsForPeople(status) ? ScheduleFaults.WaitsForPeople(status) : ScheduleFaults.Refused(status);
    }

    private static bool IsUnderWay(string status) => status is "Accepted" or "PendingEvaluation" or "Granted" or "PendingProvisioning" or "PendingRevocation"
        or "ProvisioningStarted" or "PendingScheduleCreation" or "ScheduleCreated" or "PendingExternalProvisioning" or "AdminApproved";

    private static bool WaitsForPeople(string status) => status is "PendingApproval" or "PendingApprovalProvisioning" or "PendingAdminDecision";
}
