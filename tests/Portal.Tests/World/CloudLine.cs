using System.Runtime.CompilerServices;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;

namespace Portal.Tests.World;

/// <summary>One instance's line to the cloud, which can be cut, and on which a call can take its time there and back.</summary>
/// <param name="heard">Told when calls begin to go unanswered, and when they are answered again.</param>
public sealed class CloudLine(Action<bool> heard)
{
    private bool _silent;

    /// <summary>Nothing gets through.</summary>
    public bool IsCut { get; set; }

    /// <summary>Awaited while a write is on its way to the cloud.</summary>
    public Func<Task>? Going { get; set; }

    /// <summary>Awaited while the answer to a write is on its way back.</summary>
    public Func<Task>? Coming { get; set; }

    /// <summary>Whoever uses it has been started anew, and has heard nothing of it yet.</summary>
    public void Forget() => _silent = false;

    /// <summary>Carries a write. What is on its way arrives, whoever has given it up meanwhile.</summary>
    public async Task<T> WriteAsync<T>(Func<Task<T>> call, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Pass();
        if (Going is { } going)
            await going();
        var answer = await call();
        if (Coming is { } coming)
            await coming();
        ct.ThrowIfCancellationRequested();
        Pass();
        return answer;
    }

    /// <summary>Carries a read.</summary>
    public Task<T> ReadAsync<T>(Func<Task<T>> call)
    {
        Pass();
        return call();
    }

    /// <summary>Something goes over it.</summary>
    /// <exception cref="CloudCallException">It is cut.</exception>
    public void Pass()
    {
        if (_silent != IsCut)
            heard(!(_silent = IsCut));
        if (IsCut)
            throw new CloudCallException(AttentionCode.NoAnswer, "No answer.", null, isTransient: true);
    }
}

/// <summary>Role assignments at the other end of a line.</summary>
public sealed class DistantAssignments(IRoleAssignments cloud, CloudLine line) : IRoleAssignments
{
    public Task<AssignmentWritten> PutAsync(AssignmentOrder order, CancellationToken ct) => line.WriteAsync(() => cloud.PutAsync(order, CancellationToken.None), ct);

    public Task<ProviderCall> DeleteAsync(string scope, Guid name, CancellationToken ct) => line.WriteAsync(() => cloud.DeleteAsync(scope, name, CancellationToken.None), ct);

    public async Task<AssignmentSeen?> FindAsync(string scope, Guid name, CancellationToken ct) => await line.ReadAsync(() => cloud.FindAsync(scope, name, ct));

    public async Task<IReadOnlyList<AssignmentSeen>> ListAtAsync(string scope, Guid principalId, CancellationToken ct) => await line.ReadAsync(() => cloud.ListAtAsync(scope, principalId, ct));

    public async IAsyncEnumerable<AssignmentSeen> ListUnderAsync(string vaultScope, [EnumeratorCancellation] CancellationToken ct)
    {
        line.Pass();
        await foreach (var assignment in cloud.ListUnderAsync(vaultScope, ct))
            yield return assignment;
    }

    public async Task<AssignmentUsage> ReadUsageAsync(string subscriptionId, CancellationToken ct) => await line.ReadAsync(() => cloud.ReadUsageAsync(subscriptionId, ct));
}

/// <summary>Another way to give access, at the other end of a line.</summary>
public sealed class DistantProvider(IGrantProvider cloud, CloudLine line) : IGrantProvider
{
    public GrantProvider Kind => cloud.Kind;

    public Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct) => line.WriteAsync(() => cloud.PutAsync(target, until, CancellationToken.None), ct);

    public Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct) => line.WriteAsync(() => cloud.DeleteAsync(target, CancellationToken.None), ct);

    public async Task<AssignmentReading> ReadAsync(AssignmentTarget target, DateTimeOffset? until, CancellationToken ct) => await line.ReadAsync(() => cloud.ReadAsync(target, until, ct));
}
