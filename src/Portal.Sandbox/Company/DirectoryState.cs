namespace Portal.Sandbox.Company;

/// <summary>The tenant's people, groups, applications and who belongs to what. Safe for use from many threads at once.</summary>
public sealed class DirectoryState
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, DirectoryObject> _objects = [];
    private readonly Dictionary<Guid, HashSet<Guid>> _membersOf = [];
    private readonly List<AppRoleAssignment> _appRoles = [];
    private readonly Dictionary<Guid, Deleted> _deleted = [];
    private readonly TimeProvider _clock;

    internal DirectoryState(TimeProvider clock) => _clock = clock;

    /// <summary>All accounts, by sign-in name.</summary>
    public IReadOnlyList<DirectoryUser> Users => [.. All<DirectoryUser>().OrderBy(u => u.UserPrincipalName, StringComparer.Ordinal)];

    /// <summary>All groups, by name.</summary>
    public IReadOnlyList<DirectoryGroup> Groups => [.. All<DirectoryGroup>().OrderBy(g => g.DisplayName, StringComparer.Ordinal)];

    /// <summary>All service principals, by name.</summary>
    public IReadOnlyList<DirectoryServicePrincipal> ServicePrincipals =>
        [.. All<DirectoryServicePrincipal>().OrderBy(s => s.DisplayName, StringComparer.Ordinal)];

    /// <summary>The object with this id, or null.</summary>
    public DirectoryObject? Find(Guid id)
    {
        lock (_gate) return _objects.GetValueOrDefault(id);
    }

    /// <summary>What was deleted and can still be restored, or null.</summary>
    public DirectoryObject? FindDeleted(Guid id)
    {
        lock (_gate) return _deleted.GetValueOrDefault(id)?.Item;
    }

    /// <summary>When something was deleted that can still be restored; null for anything else.</summary>
    public DateTimeOffset? DeletedOn(Guid id)
    {
        lock (_gate) return _deleted.GetValueOrDefault(id)?.At;
    }

    /// <summary>The service principal of an application (client) id, or null.</summary>
    public DirectoryServicePrincipal? FindApplication(Guid appId) => All<DirectoryServicePrincipal>().FirstOrDefault(s => s.AppId == appId);

    /// <summary>The object itself and every group it belongs to, directly or through groups: what a role assignment can be given to.</summary>
    public IReadOnlySet<Guid> PrincipalsOf(Guid id)
    {
        lock (_gate)
        {
            var found = new HashSet<Guid> { id };
            var next = new Queue<Guid>([id]);
            while (next.TryDequeue(out var member))
                foreach (var (group, members) in _membersOf)
                    if (members.Contains(member) && found.Add(group)) next.Enqueue(group);
            return found;
        }
    }

    /// <summary>Groups with this member; with <paramref name="transitive"/> also those it belongs to through groups. By name.</summary>
    public IReadOnlyList<DirectoryGroup> GroupsOf(Guid id, bool transitive)
    {
        if (transitive)
        {
            var principals = PrincipalsOf(id);
            return [.. Groups.Where(g => g.Id != id && principals.Contains(g.Id))];
        }

        HashSet<Guid> direct;
        lock (_gate) direct = [.. _membersOf.Where(m => m.Value.Contains(id)).Select(m => m.Key)];
        return [.. Groups.Where(g => direct.Contains(g.Id))];
    }

    /// <summary>Direct members of a group, by name; empty when there is no such group.</summary>
    public IReadOnlyList<DirectoryObject> MembersOf(Guid groupId)
    {
        lock (_gate)
        {
            return _membersOf.TryGetValue(groupId, out var ids)
                ? [.. ids.Select(i => _objects[i]).OrderBy(o => o.DisplayName, StringComparer.Ordinal)]
                : [];
        }
    }

    /// <summary>App role assignments held by the object itself and through its direct groups: Entra counts no nested groups here.</summary>
    public IReadOnlyList<AppRoleAssignment> AppRoleAssignmentsOf(Guid id)
    {
        lock (_gate) return [.. _appRoles.Where(a => a.PrincipalId == id || (_membersOf.TryGetValue(a.PrincipalId, out var members) && members.Contains(id)))];
    }

    /// <summary>Values of the roles that the object holds on an application, for the <c>roles</c> claim; sorted, each once.</summary>
    public IReadOnlyList<string> AppRoleValues(Guid id, DirectoryServicePrincipal resource) =>
        [.. AppRoleAssignmentsOf(id).Where(a => a.ResourceId == resource.Id)
            .Select(a => resource.AppRoles.FirstOrDefault(r => r.Id == a.AppRoleId)?.Value)
            .OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Adds an object, or replaces the one with its id.</summary>
    public void Put(DirectoryObject item)
    {
        lock (_gate)
        {
            _objects[item.Id] = item;
            if (item is DirectoryGroup) _membersOf.TryAdd(item.Id, []);
        }
    }

    /// <summary>Deletes an object. It can be restored with all its memberships until it is purged; Entra purges after thirty days. False when it is not there.</summary>
    public bool Delete(Guid id)
    {
        lock (_gate)
        {
            if (!_objects.Remove(id, out var item)) return false;
            _membersOf.Remove(id, out var members);
            _deleted[id] = new Deleted(item, _clock.GetUtcNow(), members, [.. _membersOf.Where(m => m.Value.Remove(id)).Select(m => m.Key)]);
            return true;
        }
    }

    /// <summary>Brings back what was deleted, with its members and its memberships, as far as those are still there. False when there is nothing to restore.</summary>
    public bool Restore(Guid id)
    {
        lock (_gate)
        {
            if (!_deleted.Remove(id, out var was)) return false;
            _objects[id] = was.Item;
            if (was.Members is not null) _membersOf[id] = [.. was.Members.Where(_objects.ContainsKey)];
            foreach (var group in was.MemberOf)
                if (_membersOf.TryGetValue(group, out var members)) members.Add(id);
            return true;
        }
    }

    /// <summary>Removes what was deleted for good. False when it is not among what can be restored.</summary>
    public bool Purge(Guid id)
    {
        lock (_gate) return _deleted.Remove(id);
    }

    /// <summary>Disables or enables an account.</summary>
    /// <exception cref="KeyNotFoundException">There is no such user.</exception>
    public void SetAccountEnabled(Guid userId, bool enabled)
    {
        lock (_gate)
        {
            if (_objects.GetValueOrDefault(userId) is not DirectoryUser user) throw new KeyNotFoundException($"No user {userId}.");
            _objects[userId] = user with { AccountEnabled = enabled };
        }
    }

    /// <summary>Adds a member. False when it already is one.</summary>
    /// <exception cref="KeyNotFoundException">The group or the member is not in the directory.</exception>
    public bool AddMember(Guid groupId, Guid memberId)
    {
        lock (_gate)
        {
            if (!_membersOf.TryGetValue(groupId, out var members)) throw new KeyNotFoundException($"No group {groupId}.");
            if (!_objects.ContainsKey(memberId)) throw new KeyNotFoundException($"No object {memberId}.");
            return members.Add(memberId);
        }
    }

    /// <summary>Removes a direct member. False when it was none.</summary>
    public bool RemoveMember(Guid groupId, Guid memberId)
    {
        lock (_gate) return _membersOf.TryGetValue(groupId, out var members) && members.Remove(memberId);
    }

    /// <summary>Gives an application's role. Null when the principal already holds it directly.</summary>
    /// <exception cref="KeyNotFoundException">The application offers no such role.</exception>
    public AppRoleAssignment? AssignAppRole(Guid principalId, DirectoryServicePrincipal resource, string value)
    {
        var role = RoleOf(resource, value);
        lock (_gate)
        {
            if (_appRoles.Any(a => a.PrincipalId == principalId && a.ResourceId == resource.Id && a.AppRoleId == role.Id)) return null;
            var assignment = new AppRoleAssignment(Guid.NewGuid(), principalId, resource.Id, role.Id);
            _appRoles.Add(assignment);
            return assignment;
        }
    }

    /// <summary>Takes a directly held role away. False when it was not held.</summary>
    /// <exception cref="KeyNotFoundException">The application offers no such role.</exception>
    public bool RemoveAppRole(Guid principalId, DirectoryServicePrincipal resource, string value)
    {
        var role = RoleOf(resource, value);
        lock (_gate) return _appRoles.RemoveAll(a => a.PrincipalId == principalId && a.ResourceId == resource.Id && a.AppRoleId == role.Id) > 0;
    }

    private static AppRole RoleOf(DirectoryServicePrincipal resource, string value) =>
        resource.AppRoles.FirstOrDefault(r => r.Value == value) ?? throw new KeyNotFoundException($"{resource.DisplayName} offers no role {value}.");

    private sealed record Deleted(DirectoryObject Item, DateTimeOffset At, IReadOnlyCollection<Guid>? Members, IReadOnlyList<Guid> MemberOf);

    private List<T> All<T>() where T : DirectoryObject
    {
        lock (_gate) return [.. _objects.Values.OfType<T>()];
    }
}
