using System.Globalization;
using Portal.Azure.Connection;
using Portal.Azure.RoleAssignments;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;

namespace Portal.Azure.Schedules;

/// <summary>Grants as schedules of Privileged Identity Management: Azure ends them by itself. Ours are told by the mark in the justification of the request that made them.</summary>
internal sealed class PimSchedules(CloudConnection connection, ClockWatch clocks) : IGrantProvider
{
    // Microsoft Learn, "Assign Azure resource roles in Privileged Identity Management": it can't be removed within five minutes of being assigned.
    private static readonly TimeSpan LeastAge = TimeSpan.FromMinutes(5);

    // Azure may keep an instant to the second.
    private static readonly TimeSpan SameInstant = TimeSpan.FromSeconds(1);

    public GrantProvider Kind => GrantProvider.PimSchedule;

    public async Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct)
    {
        var operations = At(target);
        var standing = await FindAsync(operations, target, ct);
        try
        {
            return await PutAsync(operations, target, standing, until, ct);
        }
        catch (CloudCallException fault) when (fault.WasNotSent)
        {
            // A request may have been sent by then, of which a later call was to tell what became of it.
            throw fault.AfterOthers();
        }
    }

    private static async Task<AssignmentWritten> PutAsync(ScheduleOperations operations, AssignmentTarget target, ScheduleSeen? standing, DateTimeOffset until, CancellationToken ct)
    {
        if (standing is null)
            return await AssignAsync(operations, target, until, ct);
        if (!await IsOursAsync(operations, standing, ct))
        {
            // Approved after somebody else's has gone, it would stand where nobody looks for it.
            await new ScheduleDesk(operations, target).WithdrawAsync(ct);
            return new AssignmentWritten(AssignmentWriteOutcome.HeldByAnother, ProviderCall.Unknown);
        }

        if (EndsAt(standing, until))
            return new AssignmentWritten(AssignmentWriteOutcome.Ours, ProviderCall.Unknown);
        try
        {
            var moved = await new ScheduleDesk(operations, target).AskAsync("AdminUpdate", until, standing.Name, ct);
            return new AssignmentWritten(AssignmentWriteOutcome.Ours, moved);
        }
        catch (CloudCallException e) when (standing.EndsAt is null && e.Code == ScheduleFaults.NotLicensed)
        {
            throw ScheduleFaults.TurnedPermanent(e);
        }
    }

    public async Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct)
    {
        var operations = At(target);
        // First, so that nothing that is approved meanwhile comes after the removal. What stands is taken all the same where that fails, and the whole is tried again.
        CloudCallException? left = null;
        try
        {
            await new ScheduleDesk(operations, target).WithdrawAsync(ct);
        }
        catch (CloudCallException fault)
        {
            left = fault;
        }

        ProviderCall removed;
        try
        {
            removed = await RemoveAsync(operations, target, ct);
        }
        catch (CloudCallException fault) when (fault.WasNotSent)
        {
            throw fault.AfterOthers();
        }

        return left is null ? removed : throw left.AfterOthers();
    }

    private async Task<ProviderCall> RemoveAsync(ScheduleOperations operations, AssignmentTarget target, CancellationToken ct)
    {
        if (await FindAsync(operations, target, ct) is not { } standing || !await IsOursAsync(operations, standing, ct))
            return ProviderCall.Unknown;
        try
        {
            return await new ScheduleDesk(operations, target).AskAsync("AdminRemove", null, standing.Name, ct);
        }
        catch (CloudCallException e) when (e.Code == ScheduleFaults.DoesNotExist)
        {
            return e.ProviderCall;
        }
        catch (CloudCallException e) when (e.Code == ScheduleFaults.TooYoung)
        {
            // By the time that due work is judged by: this machine's own clock may be set to anything. And wherever Azure's own is, there is no more left than the whole of it.
            var now = clocks.Now();
            throw ScheduleFaults.NotYet(e, (standing.StartsAt is { } began && began < now ? began : now) + LeastAge, now);
        }
        catch (CloudCallException e) when (e.Code is ScheduleFaults.NotLicensed or ScheduleFaults.OneWaits)
        {
            return await DeleteCarrierAsync(operations, target, standing, e, ct);
        }
    }

    public async Task<AssignmentReading> ReadAsync(AssignmentTarget target, DateTimeOffset? until, CancellationToken ct)
    {
        var operations = At(target);
        var standing = await FindAsync(operations, target, ct);
        if (standing is null || !await IsOursAsync(operations, standing, ct))
        {
            // What is to be absent is not, while a request of ours may still bring it: one that arrived after it was looked for.
            var waits = until is null && await new ScheduleDesk(operations, target).IsWaitingAsync(ct);
            return new AssignmentReading(waits ? ReadingKind.Altered : ReadingKind.Missing) { IsAnothers = standing is not null && until is null && !waits };
        }

        return new AssignmentReading(until is { } end && EndsAt(standing, end) ? ReadingKind.AsOrdered : ReadingKind.Altered);
    }

    private static async Task<AssignmentWritten> AssignAsync(ScheduleOperations operations, AssignmentTarget target, DateTimeOffset until, CancellationToken ct)
    {
        try
        {
            return new AssignmentWritten(AssignmentWriteOutcome.Ours, await new ScheduleDesk(operations, target).AskAsync("AdminAssign", until, null, ct));
        }
        catch (CloudCallException e) when (e.Code == ScheduleFaults.Exists)
        {
            // Not visible: to call it another's could leave our own standing until its end. Ask again later.
            throw new CloudCallException(e.Code, "Azure says that the assignment exists, but does not show it yet.", e.Status, isTransient: true, e.RetryAfter, e.ProviderCall);
        }
    }

    /// <summary>Without a licence, or while another request waits for people, Azure takes none, but what stands is a role assignment like any other.</summary>
    private async Task<ProviderCall> DeleteCarrierAsync(ScheduleOperations operations, AssignmentTarget target, ScheduleSeen standing, CloudCallException refused, CancellationToken ct)
    {
        await foreach (var (schedule, assignment) in operations.ListCarriersAsync(target.PrincipalId, ct))
            if (schedule == standing.Name)
                return await new RoleAssignmentOperations(connection.Arm, ArmScope.Parse(target.Scope).Id).DeleteAsync(assignment, ct);
        throw refused;
    }

    private static async Task<ScheduleSeen?> FindAsync(ScheduleOperations operations, AssignmentTarget target, CancellationToken ct)
    {
        ScheduleSeen? found = null;
        // Azure's filter knows a principal but no single scope; whatever stands above or below is none of our business.
        await foreach (var schedule in operations.ListForAsync(target.PrincipalId, ct).UnlessScopeIsGone(ct))
            if (target.IsAt(schedule.Scope, schedule.PrincipalId, schedule.RoleDefinitionId))
                found = schedule;
        return found;
    }

    private static async Task<bool> IsOursAsync(ScheduleOperations operations, ScheduleSeen schedule, CancellationToken ct) =>
        schedule.RequestName is { } request && AssignmentMark.IsOurs((await operations.FindRequestAsync(request, ct))?.Justification);

    private static bool EndsAt(ScheduleSeen schedule, DateTimeOffset until) => schedule.EndsAt is { } end && (end - until).Duration() < SameInstant;

    private ScheduleOperations At(AssignmentTarget target) => new(connection.Arm, ArmScope.Parse(target.Scope).Id);
}

/// <summary>Tells what Azure lists apart by what it is about.</summary>
internal static class ScheduleTargets
{
    private static readonly HashSet<string> GoneScope = ["ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound", "ParentResourceNotFound"];

    /// <summary>Whether something is about this scope, principal and role.</summary>
    internal static bool IsAt(this AssignmentTarget target, string scope, Guid principalId, Guid roleDefinitionId) =>
        principalId == target.PrincipalId && roleDefinitionId == target.RoleDefinitionId && string.Equals(scope.TrimEnd('/'), target.Scope.TrimEnd('/'), StringComparison.OrdinalIgnoreCase);

    /// <summary>A scope that is gone has taken everything along: its list is empty. Any other 404 is none of a scope.</summary>
    internal static IAsyncEnumerable<T> UnlessScopeIsGone<T>(this IAsyncEnumerable<T> list, CancellationToken ct) =>
        list.EndingAt((fault, before) => before == 0 && fault.Status == 404 && GoneScope.Contains(fault.Code), ct);
}

/// <summary>What Azure says about schedules, and what the portal makes of it.</summary>
internal static class ScheduleFaults
{
    internal const string Exists = "RoleAssignmentExists";
    internal const string DoesNotExist = "RoleAssignmentDoesNotExist";
    internal const string OneWaits = "PendingRoleAssignmentRequest";
    internal const string RequestExists = "RoleAssignmentRequestExists";
    internal const string TooYoung = "ActiveDurationTooShort";
    internal const string NotToCancel = "RequestCannotBeCancelled";
    internal const string NotLicensed = "AadPremiumLicenseRequired";

    internal static CloudCallException NotYet(CloudCallException e, DateTimeOffset when, DateTimeOffset now) => new(
        e.Code,
        string.Create(CultureInfo.InvariantCulture, $"Azure lets go of a schedule five minutes after it began: at {when.UtcDateTime:HH:mm:ss} UTC. The portal asks again then. ({e.Message})"),
        e.Status, isTransient: false, when > now ? when - now : TimeSpan.FromSeconds(1), e.ProviderCall);

    internal static CloudCallException TurnedPermanent(CloudCallException e) => new(
        AttentionCode.ScheduleTurnedPermanent,
        $"Azure does not end this access any more: its schedule has lost its end, and no new one is taken. The portal still takes it back when it is due. Renew the licence for Privileged Identity Management. ({e.Message})",
        e.Status, isTransient: false, e.RetryAfter, e.ProviderCall);

    internal static CloudCallException UnderWay(string status) =>
        new(AttentionCode.SchedulePending, $"Azure has taken the request and is still at it ({status}).", null, isTransient: true);

    internal static CloudCallException WaitsForPeople(string status) =>
        new(AttentionCode.ScheduleNeedsApproval, $"The role's settings in Privileged Identity Management want somebody to approve this ({status}). The portal's approval is meant to be the only one: change the role's settings at this scope.", null, isTransient: false);

    internal static CloudCallException NotWithdrawn(string status) =>
        new(AttentionCode.SchedulePending, $"A request that waited for somebody's approval in Privileged Identity Management could not be taken back ({status}). The portal looks again.", null, isTransient: true);

    internal static CloudCallException Refused(string status) =>
        new(AttentionCode.ScheduleRefused, $"Azure took the request and did not carry it out ({status}).", null, isTransient: false);
}
