using System.Collections.Immutable;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;

namespace Portal.Sandbox.Storage;

/// <summary>A container of blobs.</summary>
/// <param name="SubscriptionId">In which subscription.</param>
/// <param name="ResourceGroup">In which resource group.</param>
/// <param name="Account">In which storage account.</param>
/// <param name="Name">Its name.</param>
public sealed record BlobContainer(Guid SubscriptionId, string ResourceGroup, string Account, string Name)
{
    /// <summary>How long a blob can be neither changed nor deleted from its making on; null without an immutability policy.</summary>
    public TimeSpan? Retention { get; init; }

    /// <summary>The container as an ARM scope.</summary>
    public ArmScope Scope => ArmScope.Parse($"/subscriptions/{SubscriptionId}/resourceGroups/{ResourceGroup}/providers/Microsoft.Storage/storageAccounts/{Account}/blobServices/default/containers/{Name}");
}

/// <summary>A blob.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="ContentType">Their type.</param>
/// <param name="CreatedOn">When it was made.</param>
/// <param name="ETag">Another one for each content, in quotation marks.</param>
public sealed record StoredBlob(string Name, byte[] Content, string ContentType, DateTimeOffset CreatedOn, string ETag)
{
    /// <summary>The header <c>Content-Encoding</c> that it is given out with; null for none.</summary>
    public string? ContentEncoding { get; init; }

    /// <summary>The header <c>Content-Language</c> that it is given out with; null for none.</summary>
    public string? ContentLanguage { get; init; }

    /// <summary>The header <c>Content-Disposition</c> that it is given out with; null for none.</summary>
    public string? ContentDisposition { get; init; }

    /// <summary>The header <c>Cache-Control</c> that it is given out with; null for none.</summary>
    public string? CacheControl { get; init; }

    /// <summary>What its writer said of it, by name; names count without regard to case.</summary>
    public ImmutableSortedDictionary<string, string> Metadata { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase);
}

/// <summary>
/// Containers and blobs, for tests: what they put in or take out here goes past every policy and every right, as nothing on the wire can.
/// </summary>
public sealed class BlobState
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Account, string Container), Held> _containers = [];
    private readonly SandboxClock _clock;
    private long _tags;

    internal BlobState(SandboxClock clock)
    {
        _clock = clock;
        Since = clock.GetUtcNow();
    }

    /// <summary>When its containers were last changed: when the sandbox began.</summary>
    internal DateTimeOffset Since { get; }

    /// <summary>Adds a container, or changes what is known of it; its blobs stay.</summary>
    public void Put(BlobContainer container)
    {
        lock (_gate)
        {
            var key = Key(container.Account, container.Name);
            _containers[key] = new Held(container, _containers.TryGetValue(key, out var held) ? held.Blobs : new SortedDictionary<string, StoredBlob>(StringComparer.Ordinal));
        }
    }

    /// <summary>Takes a container away with all that is in it.</summary>
    public void Remove(string account, string container)
    {
        lock (_gate) _containers.Remove(Key(account, container));
    }

    /// <summary>The container of this name, or null.</summary>
    public BlobContainer? Find(string account, string container)
    {
        lock (_gate) return _containers.GetValueOrDefault(Key(account, container))?.Container;
    }

    /// <summary>Whether there is such an account.</summary>
    internal bool HasAccount(string account)
    {
        lock (_gate) return _containers.Keys.Any(k => k.Account == account.ToLowerInvariant());
    }

    /// <summary>Whether a scope is a container, or its account or the service between them.</summary>
    internal bool IsScope(ArmScope scope)
    {
        lock (_gate) return _containers.Values.Any(h => h.Container.Scope.SelfAndAbove().TakeWhile(s => s.ResourceGroup is not null).SkipLast(1).Contains(scope));
    }

    /// <summary>The blobs of a container in the order of their names: a copy. Empty when there is no such container.</summary>
    public IReadOnlyList<StoredBlob> Blobs(string account, string container)
    {
        lock (_gate) return _containers.TryGetValue(Key(account, container), out var held) ? [.. held.Blobs.Values] : [];
    }

    /// <summary>Writes a blob over whatever is there.</summary>
    /// <exception cref="KeyNotFoundException">There is no such container.</exception>
    public StoredBlob Write(string account, string container, string name, byte[] content, string contentType = "application/octet-stream")
    {
        lock (_gate) return WriteLocked(_containers[Key(account, container)], new StoredBlob(name, content, contentType, default, ""));
    }

    /// <summary>Deletes a blob.</summary>
    /// <returns>False when there is none.</returns>
    public bool Delete(string account, string container, string name)
    {
        lock (_gate) return _containers.TryGetValue(Key(account, container), out var held) && held.Blobs.Remove(name);
    }

    /// <summary>Writes as a client may: under the conditions that it names and under the container's policy. Time and ETag are given here.</summary>
    /// <exception cref="BlobException">404 or 409.</exception>
    internal StoredBlob WriteAsClient(BlobContainer container, StoredBlob blob, bool onlyNew)
    {
        lock (_gate)
        {
            var held = _containers.GetValueOrDefault(Key(container.Account, container.Name)) ?? throw BlobException.ContainerNotFound();
            if (held.Blobs.ContainsKey(blob.Name))
            {
                // In Azure too an expired policy lets a blob be deleted, and never be written over.
                if (onlyNew) throw BlobException.AlreadyExists();
                if (held.Container.Retention is not null) throw BlobException.Immutable();
            }

            return WriteLocked(held, blob);
        }
    }

    /// <summary>Deletes as a client may: under the conditions that it names and under the container's policy.</summary>
    /// <exception cref="BlobException">404, 409 or 412.</exception>
    internal void DeleteAsClient(BlobContainer container, string name, Action<StoredBlob> demand)
    {
        lock (_gate)
        {
            var held = _containers.GetValueOrDefault(Key(container.Account, container.Name)) ?? throw BlobException.ContainerNotFound();
            if (!held.Blobs.TryGetValue(name, out var blob)) throw BlobException.NotFound();
            demand(blob);
            if (held.Container.Retention is { } time && _clock.GetUtcNow() < blob.CreatedOn + time) throw BlobException.Immutable();
            held.Blobs.Remove(name);
        }
    }

    private StoredBlob WriteLocked(Held held, StoredBlob blob) =>
        held.Blobs[blob.Name] = blob with { CreatedOn = _clock.GetUtcNow(), ETag = $"\"0x8DE{++_tags:X12}\"" };

    private static (string, string) Key(string account, string container) => (account.ToLowerInvariant(), container);

    private sealed record Held(BlobContainer Container, SortedDictionary<string, StoredBlob> Blobs);
}
