using System.Runtime.CompilerServices;
using Portal.Core;
using Portal.Core.Catalog;
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
    private readonly List<(DateTimeOffset At, List<AssignmentSeen> Standing)> _history = [];
    private readonly List<AssignmentOrder> _orders = [];
    private int _reads;

    /// <summary>Asked before each call has any effect: an exception is thrown and nothing has happened.</summary>
    public Func<CloudCall, Exception?>? FailBefore { get; set; }

    /// <summary>Asked after each call took effect: an exception is thrown and the answer is lost.</summary>
    public Func<CloudCall, Exception?>? FailAfter { get; set; }

    /// <summary>Asked before each list of a vault: an exception is thrown, after <see cref="ListedBeforeFault"/> items.</summary>
    public Func<string, Exception?>? FailList { get; set; }

    /// <summary>How many items a failing list gives before it fails.</summary>
    public int ListedBeforeFault { get; set; }

    /// <summary>What reads do not show yet, or show still although it is gone: given what stands, what is shown.</summary>
    public Func<IReadOnlyList<AssignmentSeen>, IEnumerable<AssignmentSeen>>? Lag { get; set; }

    /// <summary>Asked before each read: an exception is thrown.</summary>
    public Func<Exception?>? FailRead { get; set; }

    /// <summary>How old a picture reads show; writes always know the truth.</summary>
    public TimeSpan ReadLag { get; set; }

    /// <summary>How often one of our assignments was read.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>The same for lists alone, while a read by name knows better.</summary>
    public Func<IReadOnlyList<AssignmentSeen>, IEnumerable<AssignmentSeen>>? ListLag { get; set; }

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

    /// <summary>Forgets the calls so far.</summary>
    public void ClearCalls()
    {
        lock (_lock)
            _calls.Clear();
    }

    /// <summary>Makes an assignment that is not the portal's.</summary>
    public AssignmentSeen HoldByAnother(string scope, Guid principalId, Guid roleDefinitionId)
    {
        var seen = new AssignmentSeen(scope, Guid.NewGuid(), principalId, roleDefinitionId, "made by hand");
        lock (_lock)
            Record(() => _standing.Add(seen));
        return seen;
    }

    /// <summary>Puts an assignment there behind the portal's back, whatever it says of itself.</summary>
    public AssignmentSeen Plant(AssignmentSeen assignment)
    {
        lock (_lock)
            Record(() => _standing.Add(assignment));
        return assignment;
    }

    /// <summary>Changes an assignment behind the portal's back.</summary>
    public AssignmentSeen Change(AssignmentSeen assignment, AssignmentSeen changed)
    {
        lock (_lock)
        {
            Record(() =>
            {
                Assert.True(_standing.Remove(assignment));
                _standing.Add(changed);
            });
        }

        return changed;
    }

    /// <summary>How many puts were sent, whatever became of them.</summary>
    public int Orders
    {
        get
        {
            lock (_lock)
                return _orders.Count;
        }
    }

    /// <summary>Lets the n-th put arrive (again), long after whoever sent it has given it up.</summary>
    public void LandLate(int put = 0)
    {
        lock (_lock)
            Record(() => Write(_orders[put]));
    }

    /// <summary>Takes an assignment away behind the portal's back.</summary>
    public void Remove(AssignmentSeen assignment)
    {
        lock (_lock)
            Record(() => _standing.Remove(assignment));
    }

    public Task<AssignmentWritten> PutAsync(AssignmentOrder order, CancellationToken ct) => Run(
        new CloudCall(CloudVerb.Put, order.Scope, order.Name, order.Description, clock.GetUtcNow()),
        () => Write(order) ? new AssignmentWritten(AssignmentWriteOutcome.Ours, new ProviderCall($"put-{_calls.Count}", $"put-{_calls.Count}-c")) : new AssignmentWritten(AssignmentWriteOutcome.HeldByAnother, new ProviderCall("put-refused", "put-refused-c")),
        ct,
        order);

    public Task<ProviderCall> DeleteAsync(string scope, Guid name, CancellationToken ct) => Run(
        new CloudCall(CloudVerb.Delete, scope, name, null, clock.GetUtcNow()),
        () =>
        {
            _standing.RemoveAll(a => a.Scope == scope && a.Name == name);
            return new ProviderCall($"delete-{_calls.Count}", $"delete-{_calls.Count}-c");
        },
        ct);

    public Task<AssignmentSeen?> FindAsync(string scope, Guid name, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _reads);
        if (FailRead?.Invoke() is { } fault)
            return Task.FromException<AssignmentSeen?>(fault);
        return Task.FromResult(Shown().FirstOrDefault(a => a.Scope == scope && a.Name == name));
    }

    public Task<IReadOnlyList<AssignmentSeen>> ListAtAsync(string scope, Guid principalId, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<AssignmentSeen>>([.. Shown().Where(a => a.Scope == scope && a.PrincipalId == principalId)]);

    public async IAsyncEnumerable<AssignmentSeen> ListUnderAsync(string vaultScope, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        var given = 0;
        foreach (var assignment in (ListLag is null ? Shown() : ListLag(Standing)).Where(a => ArmId.VaultOf(a.Scope).Equals(vaultScope, StringComparison.OrdinalIgnoreCase)))
        {
            ct.ThrowIfCancellationRequested();
            if (given++ >= ListedBeforeFault && FailList?.Invoke(vaultScope) is { } fault)
                throw fault;
            yield return assignment;
        }

        if (FailList?.Invoke(vaultScope) is { } atTheEnd)
            throw atTheEnd;
    }

    /// <summary>How many role assignments the subscription is said to have besides those that stand here.</summary>
    public int Others { get; set; }

    public Task<AssignmentUsage> ReadUsageAsync(string subscriptionId, CancellationToken ct) => Task.FromResult(new AssignmentUsage(Others + Standing.Count, 4000));

    private IEnumerable<AssignmentSeen> Shown()
    {
        var asOf = clock.GetUtcNow() - ReadLag;
        lock (_lock)
        {
            List<AssignmentSeen> standing = [.. _history.LastOrDefault(h => h.At <= asOf).Standing ?? []];
            return Lag is null ? standing : Lag(standing);
        }
    }

    private AssignmentSeen Seen(AssignmentOrder order) =>
        new(order.Scope, order.Name, order.PrincipalId, order.RoleDefinitionId, order.Description) { TenantId = Company.Tenant, PrincipalKind = order.PrincipalKind, WrittenAt = clock.GetUtcNow() };

    private bool Write(AssignmentOrder order)
    {
        var same = _standing.FindIndex(a => a.Scope == order.Scope && a.PrincipalId == order.PrincipalId && a.RoleDefinitionId == order.RoleDefinitionId);
        if (same >= 0 && _standing[same].Name != order.Name)
            return false;
        if (same >= 0)
            _standing.RemoveAt(same);
        _standing.Add(Seen(order));
        return true;
    }

    private void Record(Action change)
    {
        change();
        _history.Add((clock.GetUtcNow(), [.. _standing]));
    }

    private Task<T> Run<T>(CloudCall call, Func<T> effect, CancellationToken ct, AssignmentOrder? order = null)
    {
        ct.ThrowIfCancellationRequested();
        T answer = default!;
        lock (_lock)
        {
            _calls.Add(call);
            if (order is not null)
                _orders.Add(order);
            if (FailBefore?.Invoke(call) is { } before)
                return Task.FromException<T>(before);
            Record(() => answer = effect());
        }

        return FailAfter?.Invoke(call) is { } after ? Task.FromException<T>(after) : Task.FromResult(answer);
    }
}
