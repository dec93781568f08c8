using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.Entra;
using Portal.Sandbox.KeyVault;
using Portal.Sandbox.ResourceManager;
using Portal.Sandbox.Storage;

namespace Portal.Sandbox;

/// <summary>
/// What tests hold in their hands: time, faults and the state behind the services. It exists in code only; nothing of it can be
/// reached over the wire.
/// </summary>
public sealed class SandboxControl
{
    internal SandboxControl(SandboxOptions options)
    {
        Seed = options.Seed;
        Directory = FenwickCompany.Create(Clock);
        Propagation = new PropagationPlan(Clock, options.Seed);
        Throttle = new ThrottlePlan(Clock);
        Faults = new FaultPlan(Clock, options.Seed);
        Blobs = new BlobState(Clock);
        Resources = new ResourceState(Clock, Propagation, Blobs);
        Vaults = new VaultState(Clock, options.Seed);
        FenwickEstate.Seed(Resources, Vaults, options.Seed, Clock.GetUtcNow());
        Blobs.Put(FenwickEstate.AuditContainerResource);
    }

    /// <summary>The seed with which this sandbox was started.</summary>
    public int Seed { get; }

    /// <summary>The time of Resource Manager and Key Vault. Tokens live on the real clock, since real clients judge them by theirs.</summary>
    public SandboxClock Clock { get; } = new();

    /// <summary>Every call that reached a service, newest last.</summary>
    public RequestLog Requests { get; } = new();

    /// <summary>People, groups, applications and who belongs to what.</summary>
    public DirectoryState Directory { get; }

    /// <summary>How late the cloud notices changes.</summary>
    public PropagationPlan Propagation { get; }

    /// <summary>Which calls are too many.</summary>
    public ThrottlePlan Throttle { get; }

    /// <summary>Which calls fail, and how.</summary>
    public FaultPlan Faults { get; }

    /// <summary>Subscriptions, vaults, locks, roles and role assignments.</summary>
    public ResourceState Resources { get; }

    /// <summary>The secrets of all vaults.</summary>
    public VaultState Vaults { get; }

    /// <summary>Containers and blobs.</summary>
    public BlobState Blobs { get; }

    /// <summary>Issues tokens of any shape under the sandbox's own key, such as expired ones.</summary>
    public TokenMint Tokens { get; internal set; } = null!;
}
