using Portal.Core.Grants;

namespace Portal.Tests.World;

public enum CloudVerb
{
    Put,
    Delete,
}

/// <summary>A call that reached the cloud.</summary>
public sealed record CloudCall(CloudVerb Verb, string Scope, Guid Name, string? Description, DateTimeOffset At);

/// <summary>Role assignments in memory, as Azure keeps them: one per (scope, principal, role). It fails before or after the effect, on demand.</summary>
public sealed class FakeRoleAssignments(TimeProvider clock) : IRoleAssignments
{
    private readonly Lock _lock = new();
    private readonly List<AssignmentSeen> _standing = [];
    private readonly List<CloudCall> _calls = [];

    /// <summary>Asked before each call has any effect: an exception is thrown and nothing has happened.</summary>
    public Func<CloudCall, Exception?>? FailBefore { get; set; }

    /// <summary>Asked after each call took effect: an exception is thrown and the answer is lost.</summary>
    public Func<CloudCall, Exception?>? FailAfter { get; set; }

    public IReadOnlyList<AssignmentSeen> Standing
    {
        get
        {
            lock (_lock)
                return [.. _standing];
        }
    }

    public IReadOnlyList<CloudCall> Calls
    {
        get
        {
            lock (_lock)
                return [.. _calls];
        }
    }

    /// <summary>Makes an assignment that is not the portal's.</summary>
    public AssignmentSeen HoldByAnother(string scope, Guid principalId, Guid roleDefinitionId)
    {
        var seen = new AssignmentSeen(scope, Guid.NewGuid(), principalId, roleDefinitionId, "made by hand");
        lock (_lock)
            _standing.Add(seen);
        return seen;
    }

    /// <summary>Takes an assignment away behind the portal's back.</summary>
    public void Remove(AssignmentSeen assignment)
    {
        lock (_lock)
            _standing.Remove(assignment);
    }

    public Task<AssignmentWritten> PutAsync(AssignmentOrder order, CancellationToken ct) => Run(
        new CloudCall(CloudVerb.Put, order.Scope, order.Name, order.Description, clock.GetUtcNow()),
        () =>
        {
            var same = _standing.FindIndex(a => a.Scope == order.Scope && a.PrincipalId == order.PrincipalId && a.RoleDefinitionId == order.RoleDefinitionId);
            if (same >= 0 && _standing[same].Name != order.Name)
                return new AssignmentWritten(AssignmentWriteOutcome.HeldByAnother, "put-refused");
            if (same >= 0)
                _standing.RemoveAt(same);
            _standing.Add(new AssignmentSeen(order.Scope, order.Name, order.PrincipalId, order.RoleDefinitionId, order.Description));
            return new AssignmentWritten(AssignmentWriteOutcome.Ours, $"put-{_calls.Count}");
        },
        ct);

    public Task<string?> DeleteAsync(string scope, Guid name, CancellationToken ct) => Run(
        new CloudCall(CloudVerb.Delete, scope, name, null, clock.GetUtcNow()),
        () =>
        {
            _standing.RemoveAll(a => a.Scope == scope && a.Name == name);
            return (string?)$"delete-{_calls.Count}";
        },
        ct);

    public Task<AssignmentSeen?> FindAsync(string scope, Guid name, CancellationToken ct) =>
        Task.FromResult(Standing.FirstOrDefault(a => a.Scope == scope && a.Name == name));

    public Task<IReadOnlyList<AssignmentSeen>> ListAtAsync(string scope, Guid principalId, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<AssignmentSeen>>([.. Standing.Where(a => a.Scope == scope && a.PrincipalId == principalId)]);

    private Task<T> Run<T>(CloudCall call, Func<T> effect, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        T answer;
        lock (_lock)
        {
            _calls.Add(call);
            if (FailBefore?.Invoke(call) is { } before)
                return Task.FromException<T>(before);
            answer = effect();
        }

        return FailAfter?.Invoke(call) is { } after ? Task.FromException<T>(after) : Task.FromResult(answer);
    }
}
