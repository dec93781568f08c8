using Portal.Sandbox.Control;
using Portal.Sandbox.Storage;

namespace Portal.Sandbox.ResourceManager;

/// <summary>
/// Subscriptions, resource groups, vaults, locks, roles and role assignments. Safe for use from many threads at once. What is called
/// here takes effect without any check of rights: it is what an administrator of the cloud could do.
/// </summary>
public sealed class ResourceState
{
    private readonly Lock _gate = new();
    private readonly SandboxClock _clock;
    private readonly AssignmentStore _assignments;
    private readonly ScheduleStore _schedules;
    private readonly BlobState _blobs;
    private readonly Dictionary<Guid, Subscription> _subscriptions = [];
    private readonly Dictionary<ArmScope, ResourceGroup> _groups = [];
    private readonly Dictionary<string, VaultResource> _vaults = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<Guid, RoleDefinition> _roles = BuiltInRoles.All.ToDictionary(r => r.Id);
    private readonly List<ResourceLock> _locks = [];

    internal ResourceState(SandboxClock clock, PropagationPlan propagation, BlobState blobs)
    {
        _clock = clock;
        _blobs = blobs;
        _assignments = new AssignmentStore(clock, propagation, change => AssignmentChanged?.Invoke(change));
        _schedules = new ScheduleStore(clock, _assignments);
    }

    /// <summary>
    /// Told of every change to a role assignment, those that carry a schedule included, in the order of the changes and before the change is answered; of what the
    /// clock ended, before the next call is answered that could see it. A handler must be quick and must not call back.
    /// </summary>
    public event Action<AssignmentChange>? AssignmentChanged;

    /// <summary>Most role assignments in one subscription, all scopes counted; Azure's figure, which cannot be raised there.</summary>
    public int AssignmentLimit { get; set; } = 4000;

    /// <summary>Most items on one page of a list.</summary>
    public int PageSize { get; set; } = 100;

    /// <summary>
    /// Whether the tenant is licensed for Privileged Identity Management. When the licence lapses, every time-bound schedule becomes permanent and
    /// no request is taken any more; a licence that comes back gives no schedule its end back.
    /// </summary>
    public bool ScheduleLicence
    {
        get { lock (_gate) return _schedules.Licensed; }
        set { lock (_gate) _schedules.Licensed = value; }
    }

    /// <summary>Whether a schedule request that gives something waits until somebody approves it (<see cref="ApproveScheduleRequest"/>). Off at first.</summary>
    public bool ScheduleApproval
    {
        get { lock (_gate) return _schedules.WantsApproval; }
        set { lock (_gate) _schedules.WantsApproval = value; }
    }

    /// <summary>The schedules that stand now, in the order of making.</summary>
    public IReadOnlyList<RoleSchedule> RoleSchedules
    {
        get { lock (_gate) return [.. _schedules.Live]; }
    }

    /// <summary>All schedule requests that were taken, in the order of making.</summary>
    public IReadOnlyList<ScheduleRequest> ScheduleRequests
    {
        get { lock (_gate) return [.. _schedules.Requests]; }
    }

    /// <summary>All subscriptions, by name.</summary>
    public IReadOnlyList<Subscription> Subscriptions
    {
        get { lock (_gate) return [.. _subscriptions.Values.OrderBy(s => s.DisplayName, StringComparer.Ordinal)]; }
    }

    /// <summary>All resource groups, by scope.</summary>
    public IReadOnlyList<ResourceGroup> ResourceGroups
    {
        get { lock (_gate) return [.. _groups.Values.OrderBy(g => g.Scope.Value, StringComparer.OrdinalIgnoreCase)]; }
    }

    /// <summary>All vaults, by name.</summary>
    public IReadOnlyList<VaultResource> Vaults
    {
        get { lock (_gate) return [.. _vaults.Values.OrderBy(v => v.Name, StringComparer.OrdinalIgnoreCase)]; }
    }

    /// <summary>All locks, in the order of making.</summary>
    public IReadOnlyList<ResourceLock> Locks
    {
        get { lock (_gate) return [.. _locks]; }
    }

    /// <summary>All roles, by name.</summary>
    public IReadOnlyList<RoleDefinition> RoleDefinitions
    {
        get { lock (_gate) return [.. _roles.Values.OrderBy(r => r.RoleName, StringComparer.Ordinal)]; }
    }

    /// <summary>All role assignments that stand now, whoever sees them yet.</summary>
    public IReadOnlyList<RoleAssignment> RoleAssignments
    {
        get { lock (_gate) return [.. _assignments.Live]; }
    }

    /// <summary>The vault with this name, or null.</summary>
    public VaultResource? FindVault(string name)
    {
        lock (_gate) return _vaults.GetValueOrDefault(name);
    }

    /// <summary>The role with this GUID, or null.</summary>
    public RoleDefinition? FindRole(Guid id)
    {
        lock (_gate) return _roles.GetValueOrDefault(id);
    }

    /// <summary>The assignment with this name as it stands now, or null.</summary>
    public RoleAssignment? FindAssignment(Guid name)
    {
        lock (_gate) return _assignments.Find(name);
    }

    /// <summary>Adds a subscription, or replaces the one with its id.</summary>
    public void Put(Subscription subscription)
    {
        lock (_gate) _subscriptions[subscription.Id] = subscription;
    }

    /// <summary>Adds a resource group, or replaces the one with its name.</summary>
    public void Put(ResourceGroup group)
    {
        lock (_gate) _groups[group.Scope] = group;
    }

    /// <summary>Adds a vault, or replaces the one with its name, for example to switch it to access policies.</summary>
    public void Put(VaultResource vault)
    {
        lock (_gate) _vaults[vault.Name] = vault with { CreatedOn = vault.CreatedOn == default ? _clock.GetUtcNow() : vault.CreatedOn };
    }

    /// <summary>Adds a role, or replaces the one with its GUID.</summary>
    public void Put(RoleDefinition role)
    {
        lock (_gate) _roles[role.Id] = role;
    }

    /// <summary>Adds a lock, or replaces the one with its name at its scope. True when it is new.</summary>
    public bool Put(ResourceLock item)
    {
        lock (_gate)
        {
            var replaced = _locks.RemoveAll(l => SameLock(l, item.Scope, item.Name)) > 0;
            _locks.Add(item);
            return !replaced;
        }
    }

    /// <summary>How many role assignments count against a subscription's limit.</summary>
    public int CountAssignments(Guid subscription)
    {
        lock (_gate) return _assignments.CountIn(subscription);
    }

    /// <summary>
    /// Makes a role assignment, or writes an existing one anew under its name. The second value is what now stands; null when it was refused.
    /// </summary>
    public (PutOutcome Outcome, RoleAssignment? Result) Put(RoleAssignment assignment)
    {
        lock (_gate) return _assignments.Put(assignment, AssignmentLimit);
    }

    /// <summary>Makes a role assignment under a new name.</summary>
    /// <exception cref="InvalidOperationException">It exists, or there is no room for it.</exception>
    public RoleAssignment Assign(ArmScope scope, Guid role, Guid principal, string principalType)
    {
        var (outcome, result) = Put(new RoleAssignment(Guid.NewGuid(), scope, role, principal, principalType));
        return result ?? throw new InvalidOperationException($"The role assignment was refused: {outcome}.");
    }

    /// <summary>Removes a role assignment. Returns what was removed, or null when there was none.</summary>
    public RoleAssignment? RemoveAssignment(Guid name)
    {
        lock (_gate) return _assignments.Remove(name);
    }

    /// <summary>Removes a vault; its role assignments stay behind. False when there was none.</summary>
    public bool RemoveVault(string name)
    {
        lock (_gate) return _vaults.Remove(name);
    }

    /// <summary>Removes a lock. False when there was none.</summary>
    public bool RemoveLock(ArmScope scope, string name)
    {
        lock (_gate) return _locks.RemoveAll(l => SameLock(l, scope, name)) > 0;
    }

    /// <summary>
    /// Whether Key Vault lets one of <paramref name="principals"/> (an object and its groups) do something with data now: some role
    /// assignment at the scope itself or above it allows it, and its conditions hold.
    /// </summary>
    /// <param name="principals">An object id and those of its groups.</param>
    /// <param name="armId">The vault or the secret.</param>
    /// <param name="dataAction">For example <c>Microsoft.KeyVault/vaults/secrets/getSecret/action</c>.</param>
    /// <exception cref="FormatException"><paramref name="armId"/> is no ARM id.</exception>
    public bool IsAllowed(IReadOnlySet<Guid> principals, string armId, string dataAction) =>
        Decide(principals, ArmScope.Parse(armId), KeyVault.SecretConditions.InputOf(ArmScope.Parse(armId), dataAction), isData: true).Allowed;

    internal AccessDecision Decide(IReadOnlySet<Guid> principals, ArmScope scope, ConditionInput input, bool isData)
    {
        var candidates = new List<(RoleAssignment Assignment, RoleDefinition Role)>();
        lock (_gate)
        {
            foreach (var level in scope.SelfAndAbove())
                foreach (var assignment in _assignments.CountingAt(level, isData))
                {
                    if (!principals.Contains(assignment.PrincipalId) || !_roles.TryGetValue(assignment.RoleDefinitionId, out var role)) continue;
                    if (isData ? role.AllowsDataAction(input.Action) : role.AllowsAction(input.Action)) candidates.Add((assignment, role));
                }
        }

        // What callers wrote is read and judged when nobody waits for the lock any more.
        foreach (var (assignment, role) in candidates)
            if (role.Condition?.Holds(input) != false && (assignment.Condition is not { } text || AbacCondition.Parse(text).Holds(input))) return new AccessDecision(assignment, false);
        return new AccessDecision(null, candidates.Count > 0);
    }

    /// <summary>Whether any assignment of these principals lies at, above or below a scope: enough for it to be shown in a list of scopes.</summary>
    internal bool IsVisible(IReadOnlySet<Guid> principals, ArmScope scope)
    {
        lock (_gate) return _assignments.Live.Any(a => principals.Contains(a.PrincipalId) && (a.Scope.Covers(scope) || scope.Covers(a.Scope)));
    }

    internal IReadOnlyList<(long Sequence, RoleAssignment Assignment)> VisibleAssignments()
    {
        lock (_gate) return [.. _assignments.Visible()];
    }

    internal RoleAssignment? FindVisible(ArmScope scope, Guid name)
    {
        lock (_gate) return _assignments.FindVisible(scope, name);
    }

    /// <summary>The locks that stop a write or a delete at a scope: those at it and above it.</summary>
    internal IReadOnlyList<ResourceLock> LocksOn(ArmScope scope)
    {
        lock (_gate) return [.. _locks.Where(l => l.Scope.Covers(scope))];
    }

    /// <summary>Which part of a scope's path does not exist; null when all does. Secrets are not looked at.</summary>
    internal MissingScope MissingPartOf(ArmScope scope)
    {
        lock (_gate)
        {
            if (scope.SubscriptionId is not { } subscription) return MissingScope.None;
            if (!_subscriptions.ContainsKey(subscription)) return MissingScope.Subscription;
            if (scope.ResourceGroup is not { } group) return MissingScope.None;
            if (!_groups.ContainsKey(ArmScope.OfResourceGroup(subscription, group))) return MissingScope.ResourceGroup;
            if (scope == ArmScope.OfResourceGroup(subscription, group)) return MissingScope.None;
            var known = scope.VaultName is { } name ? _vaults.TryGetValue(name, out var vault) && vault.Scope.Covers(scope) : _blobs.IsScope(scope);
            return known ? MissingScope.None : MissingScope.Resource;
        }
    }

    /// <summary>Somebody approves a schedule request that waits for it; what cannot be carried out any more fails.</summary>
    /// <returns>What came of it; null when no request of that name waits.</returns>
    public ScheduleRequest? ApproveScheduleRequest(Guid name)
    {
        lock (_gate) return _schedules.Approve(name, AssignmentLimit);
    }

    internal bool CancelScheduleRequest(Guid name)
    {
        lock (_gate) return _schedules.Cancel(name);
    }

    internal (ScheduleOutcome Outcome, ScheduleRequest? Taken) Take(ScheduleRequest request)
    {
        lock (_gate) return _schedules.Take(request, AssignmentLimit);
    }

    private static bool SameLock(ResourceLock item, ArmScope scope, string name) => item.Scope == scope && item.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Whether something is allowed.</summary>
/// <param name="Assignment">The role assignment that allows it; null when none does.</param>
/// <param name="ConditionFailed">Some assignment would allow it, but its condition does not hold.</param>
internal sealed record AccessDecision(RoleAssignment? Assignment, bool ConditionFailed)
{
    public bool Allowed => Assignment is not null;
}

/// <summary>The first part of a scope that does not exist.</summary>
internal enum MissingScope
{
    None,
    Subscription,
    ResourceGroup,
    Resource,
}
