using System.Collections.Concurrent;
using Portal.Core;
using Portal.Core.Identity;

namespace Portal.Tests.World;

/// <summary>A directory in memory. It starts with the company's people and can lose them, their roles and itself.</summary>
public sealed class FakeDirectory : IDirectory
{
    private readonly ConcurrentDictionary<PrincipalId, (TestPerson Person, Standing Standing)> _people = new();
    private int _asked;

    public FakeDirectory()
    {
        foreach (var person in Company.Everyone)
            Add(person);
    }

    /// <summary>What every call meets; null while the directory answers.</summary>
    public CloudCallException? Fault { get; set; }

    /// <summary>Waited for before anybody's standing is told; null while the directory answers at once.</summary>
    public Func<CancellationToken, Task>? Takes { get; set; }

    /// <summary>How often it was asked for somebody's standing.</summary>
    public int Asked => _asked;

    public void Add(TestPerson person) => _people[person.Id] = (person, new Standing(true, person.Roles.ToHashSet(), person.Groups.ToHashSet()));

    public void Disable(TestPerson person) => Change(person, s => s with { Enabled = false });

    public void TakeRoles(TestPerson person) => Change(person, s => s with { Roles = new HashSet<PortalRole>() });

    public void Leave(TestPerson person, Guid group) => Change(person, s => s with { Groups = s.Groups.Where(g => g != group).ToHashSet() });

    public async Task<Standing> StandingOfAsync(PrincipalId person, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _asked);
        if (Takes is { } takes)
            await takes(ct);
        return Fault is null
            ? _people.TryGetValue(person, out var known) ? known.Standing : Standing.None
            : throw Fault;
    }

    public Task<DirectoryPrincipal?> FindAsync(PrincipalId principal, CancellationToken ct) => Fault is null
        ? Task.FromResult(_people.TryGetValue(principal, out var known)
            ? new DirectoryPrincipal(principal, PrincipalKind.User, known.Person.Name, known.Person.Upn, known.Standing.Enabled)
            : null)
        : Task.FromException<DirectoryPrincipal?>(Fault);

    private void Change(TestPerson person, Func<Standing, Standing> change) =>
        _people.AddOrUpdate(person.Id, _ => throw new ArgumentException($"{person.Name} is not in the directory."), (_, known) => (known.Person, change(known.Standing)));
}
