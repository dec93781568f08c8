namespace Portal.Sandbox.Control;

/// <summary>One call that a service answered.</summary>
/// <param name="At">When the answer began, by the sandbox's clock.</param>
/// <param name="Service">The host name that was called, without its port.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path without the query.</param>
/// <param name="Query">Query string with its question mark, or empty. It holds no token and no secret value in any of the imitated services.</param>
/// <param name="Status">HTTP status of the answer.</param>
/// <param name="Caller">Object id of the valid token's subject; null when there was none.</param>
public sealed record LoggedRequest(DateTimeOffset At, string Service, string Method, string Path, string Query, int Status, Guid? Caller);

/// <summary>What was called. Keeps the newest 10,000 calls.</summary>
public sealed class RequestLog
{
    private const int Capacity = 10_000;
    private readonly Lock _gate = new();
    private readonly Queue<LoggedRequest> _calls = new();

    /// <summary>The calls so far, oldest first: a copy.</summary>
    public IReadOnlyList<LoggedRequest> Calls
    {
        get { lock (_gate) return [.. _calls]; }
    }

    /// <summary>Forgets all calls so far.</summary>
    public void Clear()
    {
        lock (_gate) _calls.Clear();
    }

    internal void Add(LoggedRequest call)
    {
        lock (_gate)
        {
            if (_calls.Count == Capacity) _calls.Dequeue();
            _calls.Enqueue(call);
        }
    }
}
