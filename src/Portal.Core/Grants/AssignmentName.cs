using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Portal.Core.Catalog;

namespace Portal.Core.Grants;

/// <summary>The name of a role assignment, derived from what the cloud keeps unique: a repeated call is the same call.</summary>
public static class AssignmentName
{
    // Ours alone, made once; changing it would orphan every assignment that stands.
    private static readonly Guid Namespace = new("6f3c2b0e-7d0a-5e0f-9a3e-4b7f2f0c9d11");

    /// <summary>The name for a (scope, principal, role) trio: a version 5 UUID (RFC 9562) over their lower-case text.</summary>
    public static Guid Of(string scope, Guid principalId, Guid roleDefinitionId) => Derive($"{scope.ToLowerInvariant()}|{principalId:D}|{roleDefinitionId:D}");

    /// <summary>The name for a grant's trio, by the provider that carries it. The same trio by two providers is two things in the cloud.</summary>
    public static Guid Of(Grant grant) => grant.Provider == GrantProvider.GroupMembership
        // Whatever the grant is for: the cloud knows a member of a group once.
        ? Derive($"member|{grant.GroupId:D}|{grant.PrincipalObjectId:D}")
        : Of(grant.Provider, grant.Scope, grant.PrincipalObjectId, grant.RoleDefinitionId);

    /// <summary>The name for a trio that a provider carries by itself.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is carried by a group, whose members have names of another kind.</exception>
    public static Guid Of(GrantProvider provider, string scope, Guid principalId, Guid roleDefinitionId) => provider switch
    {
        GrantProvider.RoleAssignment => Of(scope, principalId, roleDefinitionId),
        GrantProvider.PimSchedule => Derive($"schedule|{scope.ToLowerInvariant()}|{principalId:D}|{roleDefinitionId:D}"),
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "No trio of its own."),
    };

    /// <summary>The name for a request about an assignment: the same question, asked again, is the same request.</summary>
    /// <param name="assignmentId">The assignment.</param>
    /// <param name="what">What is asked, in full.</param>
    /// <param name="turn">0, and one more for each request of that name that is over and done with.</param>
    public static Guid OfRequest(Guid assignmentId, string what, int turn) => Derive(string.Create(CultureInfo.InvariantCulture, $"request|{assignmentId:D}|{what}|{turn}"));

    private static Guid Derive(string name)
    {
        var text = Encoding.UTF8.GetBytes(name);
        var input = new byte[16 + text.Length];
        Namespace.TryWriteBytes(input, bigEndian: true, out _);
        text.CopyTo(input, 16);
        // SHA-1 is what version 5 is made with; nothing here depends on it being hard to collide.
        var hash = SHA1.HashData(input).AsSpan(0, 16);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }
}
