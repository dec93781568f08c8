using System.Runtime.CompilerServices;
using Portal.Core;
using Portal.Core.Grants;

namespace Portal.Tests.World;

/// <summary>One instance's line to the cloud, which can be cut, and on which a call can take its time there and back.</summary>
/// <param name="cloud">What is at its other end.</param>
/// <param name="heard">Told when calls begin to go unanswered, and when they are answered again.</param>
public sealed class CloudLine(IRoleAssignments cloud, Action<bool> heard) : IRoleAssignments
{
    private bool _silent;

    /// <summary>Nothing gets through.</summary>
    public bool IsCut { get; set; }

    /// <summary>Awaited while a write is on its way to the cloud.</summary>
    public Func<Task>? Going { get; set; }

    /// <summary>Awaited while the answer to a write is on its way back.</summary>
    public Func<Task>? Coming { get; set; }

    public Task<AssignmentWritten> PutAsync(AssignmentOrder order, CancellationToken ct) => WriteAsync(() => cloud.PutAsync(order, CancellationToken.None), ct);

    public Task<ProviderCall> DeleteAsync(string scope, Guid name, CancellationToken ct) => WriteAsync(() => cloud.DeleteAsync(scope, name, CancellationToken.None), ct);

    public async Task<AssignmentSeen?> FindAsync(string scope, Guid name, CancellationToken ct)
    {
        Pass();
        return await cloud.FindAsync(scope, name, ct);
    }

    public async Task<IReadOnlyList<AssignmentSeen>> ListAtAsync(string scope, Guid principalId, CancellationToken ct)
    {
        Pass();
        return await cloud.ListAtAsync(scope, principalId, ct);
    }

    public async IAsyncEnumerable<AssignmentSeen> ListUnderAsync(string vaultScope, [EnumeratorCancellation] CancellationToken ct)
    {
        Pass();
        await foreach (var assignment in cloud.ListUnderAsync(vaultScope, ct))
            yield return assignment;
    }

    public async Task<AssignmentUsage> ReadUsageAsync(string subscriptionId, CancellationToken ct)
    {
        Pass();
        return await cloud.ReadUsageAsync(subscriptionId, ct);
    }

    // What is on its way arrives, whoever has given it up meanwhile.
    private async Task<T> WriteAsync<T>(Func<Task<T>> call, CancellationToken ct)
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

    private void Pass()
    {
        if (_silent != IsCut)
            heard(!(_silent = IsCut));
        if (IsCut)
            throw new CloudCallException(AttentionCode.NoAnswer, "No answer.", null, isTransient: true);
    }
}
