using System.Collections.Immutable;
using Portal.Sandbox.Control;

namespace Portal.Sandbox.KeyVault;

/// <summary>What a new version of a secret carries besides its value.</summary>
public sealed record SecretSettings
{
    /// <summary>What kind of value it is; may be null.</summary>
    public string? ContentType { get; init; }

    /// <summary>Whether the value can be read.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Not to be used before; null for no bound. Key Vault does not enforce it.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Not to be used after; null for no bound. Key Vault does not enforce it.</summary>
    public DateTimeOffset? ExpiresOn { get; init; }

    /// <summary>Tags.</summary>
    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>One version of a secret. Does not print its value.</summary>
/// <param name="Name">The secret's name.</param>
/// <param name="Version">32 hex digits.</param>
/// <param name="Value">The value.</param>
/// <param name="Settings">All that can be changed later.</param>
/// <param name="Created">When it was made, to the second.</param>
/// <param name="Updated">When it was last changed, to the second.</param>
public sealed record SecretVersion(string Name, string Version, string Value, SecretSettings Settings, DateTimeOffset Created, DateTimeOffset Updated)
{
    /// <summary>Name and version, never the value.</summary>
    public override string ToString() => $"{Name}/{Version}";
}

/// <summary>A deleted secret that can still be recovered.</summary>
/// <param name="Latest">Its newest version.</param>
/// <param name="DeletedOn">When it was deleted.</param>
/// <param name="ScheduledPurgeOn">When it is gone for good.</param>
public sealed record DeletedSecret(SecretVersion Latest, DateTimeOffset DeletedOn, DateTimeOffset ScheduledPurgeOn);

/// <summary>The secrets of all vaults, with their versions. Names are compared without regard to case. Safe for use from many threads at once.</summary>
public sealed class VaultState
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SortedDictionary<string, Secret>> _vaults = new(StringComparer.OrdinalIgnoreCase);
    private readonly SandboxClock _clock;
    private readonly Random _random;

    internal VaultState(SandboxClock clock, int seed)
    {
        _clock = clock;
        _random = new Random(seed);
    }

    /// <summary>Adds a version: of a new secret, or of one that is there. Null when the name belongs to a deleted secret.</summary>
    public SecretVersion? Set(string vault, string name, string value, SecretSettings settings)
    {
        lock (_gate)
        {
            if (!_vaults.TryGetValue(vault, out var secrets)) secrets = _vaults[vault] = new(StringComparer.OrdinalIgnoreCase);
            if (!Alive(secrets, name, out var secret))
            {
                if (secret is not null) return null;
                secret = secrets[name] = new Secret();
            }

            var id = new byte[16];
            _random.NextBytes(id);
            var now = Now();
            var version = new SecretVersion(secret!.Versions.Count > 0 ? secret.Versions[0].Name : name, Convert.ToHexStringLower(id), value, settings, now, now);
            secret.Versions.Add(version);
            return version;
        }
    }

    /// <summary>A version, or with null the newest one; null when there is none or the secret is deleted.</summary>
    public SecretVersion? Find(string vault, string name, string? version = null)
    {
        lock (_gate)
        {
            return _vaults.TryGetValue(vault, out var secrets) && Alive(secrets, name, out var secret)
                ? version is null ? secret!.Versions[^1] : secret!.Versions.Find(v => v.Version.Equals(version, StringComparison.OrdinalIgnoreCase))
                : null;
        }
    }

    /// <summary>The newest version of each secret that is not deleted, by name.</summary>
    public IReadOnlyList<SecretVersion> Latest(string vault)
    {
        lock (_gate) return _vaults.TryGetValue(vault, out var secrets) ? [.. secrets.Values.Where(s => s.Deleted is null).Select(s => s.Versions[^1])] : [];
    }

    /// <summary>All versions of a secret, oldest first; empty when there is none or it is deleted.</summary>
    public IReadOnlyList<SecretVersion> Versions(string vault, string name)
    {
        lock (_gate) return _vaults.TryGetValue(vault, out var secrets) && Alive(secrets, name, out var secret) ? [.. secret!.Versions] : [];
    }

    /// <summary>Changes what can be changed of a version; with null of the newest. Null when there is none.</summary>
    public SecretVersion? Update(string vault, string name, string? version, Func<SecretSettings, SecretSettings> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        lock (_gate)
        {
            if (!_vaults.TryGetValue(vault, out var secrets) || !Alive(secrets, name, out var secret)) return null;
            var at = version is null ? secret!.Versions.Count - 1 : secret!.Versions.FindIndex(v => v.Version.Equals(version, StringComparison.OrdinalIgnoreCase));
            if (at < 0) return null;
            var old = secret.Versions[at];
            return secret.Versions[at] = old with { Settings = change(old.Settings), Updated = Now() };
        }
    }

    /// <summary>Deletes a secret so that it can be recovered for some days. Null when there is none.</summary>
    public DeletedSecret? Delete(string vault, string name, int retentionDays)
    {
        lock (_gate)
        {
            if (!_vaults.TryGetValue(vault, out var secrets) || !Alive(secrets, name, out var secret)) return null;
            var now = Now();
            return secret!.Deleted = new DeletedSecret(secret.Versions[^1], now, now.AddDays(retentionDays));
        }
    }

    /// <summary>Deleted secrets that can still be recovered, by name.</summary>
    public IReadOnlyList<DeletedSecret> Deleted(string vault)
    {
        lock (_gate)
        {
            if (!_vaults.TryGetValue(vault, out var secrets)) return [];
            foreach (var name in secrets.Keys.ToList()) Alive(secrets, name, out _);
            return [.. secrets.Values.Select(s => s.Deleted).OfType<DeletedSecret>()];
        }
    }

    /// <summary>Brings a deleted secret back with all its versions. Null when there is none.</summary>
    public SecretVersion? Recover(string vault, string name)
    {
        lock (_gate)
        {
            if (!_vaults.TryGetValue(vault, out var secrets) || Alive(secrets, name, out var secret) || secret is null) return null;
            secret.Deleted = null;
            return secret.Versions[^1];
        }
    }

    /// <summary>Removes a deleted secret for good. False when there is none.</summary>
    public bool Purge(string vault, string name)
    {
        lock (_gate) return _vaults.TryGetValue(vault, out var secrets) && !Alive(secrets, name, out var secret) && secret is not null && secrets.Remove(name);
    }

    // Also lets go of what is past its recovery: then neither alive nor known.
    private bool Alive(SortedDictionary<string, Secret> secrets, string name, out Secret? secret)
    {
        if (!secrets.TryGetValue(name, out secret)) return false;
        if (secret.Deleted is null) return true;
        if (secret.Deleted.ScheduledPurgeOn > _clock.GetUtcNow()) return false;
        secrets.Remove(name);
        secret = null;
        return false;
    }

    // Key Vault counts in whole seconds.
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(_clock.GetUtcNow().ToUnixTimeSeconds());

    private sealed class Secret
    {
        public List<SecretVersion> Versions { get; } = [];

        public DeletedSecret? Deleted { get; set; }
    }
}
