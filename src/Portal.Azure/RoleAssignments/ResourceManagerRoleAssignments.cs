using System.Runtime.CompilerServices;
using Azure.Core;
using Portal.Azure.Connection;
using Portal.Core;
using Portal.Core.Grants;

namespace Portal.Azure.RoleAssignments;

/// <summary>Role assignments in Azure Resource Manager.</summary>
internal sealed class ResourceManagerRoleAssignments(CloudConnection connection) : IRoleAssignments
{
    public async Task<AssignmentWritten> PutAsync(AssignmentOrder order, CancellationToken ct)
    {
        var scope = ArmScope.Parse(order.Scope);
        var content = new RoleAssignmentContent(
            $"/subscriptions/{scope.SubscriptionId}/providers/Microsoft.Authorization/roleDefinitions/{order.RoleDefinitionId}",
            order.PrincipalId, order.PrincipalKind.ToString(), order.Description);
        try
        {
            var (written, call) = await At(scope).PutAsync(order.Name, content, ct);
            if (written.Name != order.Name || written.PrincipalId != order.PrincipalId || written.RoleDefinitionId != order.RoleDefinitionId)
                throw CloudFaults.Unreadable("The answer describes another assignment than the one that was sent.");
            return new AssignmentWritten(AssignmentWriteOutcome.Ours, call);
        }
        catch (CloudCallException e) when (e is { Status: 409, Code: "RoleAssignmentExists" })
        {
            try
            {
                return await WhoseAsync(order, e, ct);
            }
            catch (CloudCallException unasked) when (unasked.WasNotSent)
            {
                throw unasked.AfterOthers();
            }
        }
    }

    public async Task<ProviderCall> DeleteAsync(string scope, Guid name, CancellationToken ct)
    {
        try
        {
            return await At(ArmScope.Parse(scope)).DeleteAsync(name, ct);
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            // A scope or subscription that is gone has taken the assignment along. One that is only said to be gone has not: then a read still shows it.
            if (e.Code != "RoleAssignmentNotFound" && await FindAsync(scope, name, ct) is not null)
                throw new CloudCallException(e.Code, $"Azure says that there is nothing to remove ({e.Message}) and still shows the assignment.", e.Status, isTransient: true, e.RetryAfter, e.ProviderCall);
            return e.ProviderCall;
        }
    }

    public async Task<AssignmentSeen?> FindAsync(string scope, Guid name, CancellationToken ct) =>
        await At(ArmScope.Parse(scope)).FindAsync(name, ct) is { } seen ? InOurTenant(seen) : null;

    public async Task<IReadOnlyList<AssignmentSeen>> ListAtAsync(string scope, Guid principalId, CancellationToken ct)
    {
        var at = ArmScope.Parse(scope);
        var found = new Dictionary<Guid, AssignmentSeen>();
        // Azure's filter knows a principal but no single scope; whatever stands above or below is none of our business.
        await foreach (var assignment in At(at).ListForAsync(principalId, ct))
            if (assignment.PrincipalId == principalId && SameScope(assignment.Scope, scope))
                found[assignment.Name] = InOurTenant(assignment);
        return [.. found.Values];
    }

    public async IAsyncEnumerable<AssignmentSeen> ListUnderAsync(string vaultScope, [EnumeratorCancellation] CancellationToken ct)
    {
        var vault = ArmScope.Parse(vaultScope).VaultId.ToString();
        // Azure has no filter for "here and below": without one it also lists what stands above.
        await foreach (var assignment in At(ArmScope.Parse(vault)).ListAsync(ct))
            if (ArmScope.Covers(vault, assignment.Scope))
                yield return InOurTenant(assignment);
    }

    public Task<AssignmentUsage> ReadUsageAsync(string subscriptionId, CancellationToken ct) =>
        new RoleAssignmentOperations(connection.Arm, new ResourceIdentifier($"/subscriptions/{subscriptionId}")).ReadUsageAsync(ct);

    /// <summary>After 409 RoleAssignmentExists: Azure does not say under which name. It may be ours (an identical PUT can answer so), and what was made a moment ago may not be visible yet.</summary>
    private async Task<AssignmentWritten> WhoseAsync(AssignmentOrder order, CloudCallException conflict, CancellationToken ct)
    {
        if (await FindAsync(order.Scope, order.Name, ct) is { } ours && IsOf(ours, order))
            return new AssignmentWritten(AssignmentWriteOutcome.Ours, conflict.ProviderCall);
        var same = (await ListAtAsync(order.Scope, order.PrincipalId, ct)).Where(a => a.RoleDefinitionId == order.RoleDefinitionId).ToList();
        if (same.Exists(a => a.Name == order.Name))
            return new AssignmentWritten(AssignmentWriteOutcome.Ours, conflict.ProviderCall);
        if (same.Count > 0)
            return new AssignmentWritten(AssignmentWriteOutcome.HeldByAnother, conflict.ProviderCall);
        // Not visible under any name: to call it another's could leave our own standing for ever. Ask again later.
        throw new CloudCallException(conflict.Code, "Azure says that the assignment exists, but does not show it yet.", conflict.Status, isTransient: true, conflict.RetryAfter, conflict.ProviderCall);
    }

    private static bool IsOf(AssignmentSeen seen, AssignmentOrder order) =>
        seen.PrincipalId == order.PrincipalId && seen.RoleDefinitionId == order.RoleDefinitionId && SameScope(seen.Scope, order.Scope);

    // Azure names principals by object id only; they are all of the tenant that the subscription trusts.
    private AssignmentSeen InOurTenant(AssignmentSeen seen) => seen with { TenantId = connection.TenantId };

    private static bool SameScope(string one, string other) =>
        string.Equals(one.TrimEnd('/'), other.TrimEnd('/'), StringComparison.OrdinalIgnoreCase);

    private RoleAssignmentOperations At(ArmScope scope) => new(connection.Arm, scope.Id);
}
