using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>Someone to filter by.</summary>
/// <param name="ObjectId">Their object id.</param>
/// <param name="DisplayName">The name last seen.</param>
/// <param name="UserPrincipalName">The UPN last seen.</param>
public sealed record PersonMatch(Guid ObjectId, string DisplayName, string? UserPrincipalName);

/// <summary>Finds people whom the portal has seen, by part of a name or UPN, or by object id; for auditors. An object id is also found when it never signed in and only stands in the trail.</summary>
public sealed class SearchPeople(IDbContextFactory<PortalDb> databases)
{
    private const int Most = 10;

    /// <summary>Finds at most ten.</summary>
    public async Task<Result<IReadOnlyList<PersonMatch>>> ExecuteAsync(string text, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Auditor) is { } refusal)
            return refusal;
        if (PersonText.CheckOptional(text, "person", AuditFilter.MaxTextLength) is not null)
            return Result.Of<IReadOnlyList<PersonMatch>>([]);
        await using var db = await databases.CreateDbContextAsync(ct);
        var people = db.People.AsNoTracking();
        if (Guid.TryParse(text, out var objectId))
            people = people.Where(p => p.ObjectId == objectId);
        else
            foreach (var word in text.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(4))
                people = people.Where(p => p.SearchText.Contains(word));
        var found = await people.OrderBy(p => p.DisplayName).Take(Most).Select(p => new PersonMatch(p.ObjectId, p.DisplayName, p.UserPrincipalName)).ToListAsync(ct);
        return Result.Of<IReadOnlyList<PersonMatch>>(found.Count == 0 && objectId != Guid.Empty && await NameInTrailAsync(db, objectId, ct) is { } name ? [new PersonMatch(objectId, name, null)] : found);
    }

    private static Task<string?> NameInTrailAsync(PortalDb db, Guid objectId, CancellationToken ct) =>
        db.AuditEvents.AsNoTracking().Where(e => e.SubjectObjectId == objectId).OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence).Select(e => e.SubjectName).FirstOrDefaultAsync(ct);
}
