using System.Collections.Concurrent;

namespace Portal.Core.Data;

/// <summary>What kind of thing changed.</summary>
public enum ChangeKind
{
    /// <summary>An access request.</summary>
    Request,

    /// <summary>A grant, or work for the grant worker.</summary>
    Grant,

    /// <summary>The catalog.</summary>
    Catalog,

    /// <summary>The policies.</summary>
    Policy,

    /// <summary>What is paused.</summary>
    Pause,
}

/// <summary>Something changed and is saved.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="RequestId">The request it belongs to; null when it belongs to none.</param>
/// <param name="PrincipalId">The person whose request or access it is; null when it is nobody's.</param>
public sealed record PortalChange(ChangeKind Kind, Guid? RequestId = null, Guid? PrincipalId = null);

/// <summary>Tells screens and the worker of this instance what has been saved, here or at another instance. A hint, never the truth: whoever hears it reads the database, and whoever misses it polls.</summary>
public sealed class ChangeFeed
{
    private readonly ConcurrentDictionary<object, Action<PortalChange>> _listeners = new();
    private readonly ConcurrentDictionary<object, Action<PortalChange>> _ofOwn = new();

    /// <summary>Calls <paramref name="listener"/> for every change until the subscription is disposed. It must not block or throw.</summary>
    public IDisposable Subscribe(Action<PortalChange> listener)
    {
        var subscription = new Subscription(_listeners);
        _listeners[subscription] = listener;
        return subscription;
    }

    /// <summary>The same for the changes that this instance saved itself: what others have to be told.</summary>
    public IDisposable SubscribeOwn(Action<PortalChange> listener)
    {
        var subscription = new Subscription(_ofOwn);
        _ofOwn[subscription] = listener;
        return subscription;
    }

    /// <summary>Announces a change that has been saved here.</summary>
    public void Publish(PortalChange change)
    {
        Relay(change);
        foreach (var listener in _ofOwn.Values)
            listener(change);
    }

    /// <summary>Announces a change that another instance has saved.</summary>
    public void Relay(PortalChange change)
    {
        foreach (var listener in _listeners.Values)
            listener(change);
    }

    private sealed class Subscription(ConcurrentDictionary<object, Action<PortalChange>> listeners) : IDisposable
    {
        public void Dispose() => listeners.TryRemove(this, out _);
    }
}
