using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Entra;

/// <summary>The claims of id and access tokens, as Entra ID writes them: first-party services get v1.0 tokens, everyone else v2.0.</summary>
internal sealed class EntraClaims(DirectoryState directory)
{
    /// <summary>Groups beyond this many do not fit into a JWT: a pointer to Graph stands in their place.</summary>
    public const int GroupsLimit = 200;

    public Dictionary<string, object> IdToken(DirectoryUser user, DirectoryServicePrincipal client, IReadOnlyList<string> acrs)
    {
        var claims = Common(user.Id, client.AppId);
        claims["ver"] = "2.0";
        claims["name"] = user.DisplayName;
        claims["preferred_username"] = user.UserPrincipalName;
        claims["email"] = user.UserPrincipalName;
        if (acrs.Count > 0) claims["acrs"] = acrs.ToArray();
        AddRolesAndGroups(claims, user.Id, client);
        return claims;
    }

    public Dictionary<string, object> Delegated(DirectoryUser user, DirectoryServicePrincipal client, RequestedScopes resource, IReadOnlyList<string> scopes, IReadOnlyList<string> acrs)
    {
        var claims = Common(user.Id, client.AppId);
        claims["name"] = user.DisplayName;
        claims["scp"] = string.Join(' ', scopes);
        claims["idtyp"] = "user";
        if (acrs.Count > 0) claims["acrs"] = acrs.ToArray();
        if (resource.Application is { } api)
        {
            AddV2(claims, client);
            claims["preferred_username"] = user.UserPrincipalName;
            AddRolesAndGroups(claims, user.Id, api);
        }
        else
        {
            AddV1(claims, client);
            claims["upn"] = user.UserPrincipalName;
            claims["unique_name"] = user.UserPrincipalName;
            claims["given_name"] = user.GivenName;
            claims["family_name"] = user.Surname;
            claims["amr"] = new[] { "pwd", "mfa" };
        }

        return claims;
    }

    public Dictionary<string, object> Application(DirectoryServicePrincipal client, RequestedScopes resource)
    {
        var claims = Common(client.Id, client.AppId);
        claims["sub"] = client.Id.ToString();
        claims["idtyp"] = "app";
        if (resource.Application is { } api) AddV2(claims, client);
        else AddV1(claims, client);
        IReadOnlyList<string> roles = resource.Kind switch
        {
            ResourceKind.Graph => client.GraphRoles,
            ResourceKind.Application => directory.AppRoleValues(client.Id, resource.Application!),
            _ => [],
        };
        if (roles.Count > 0) claims["roles"] = roles.ToArray();
        return claims;
    }

    /// <summary>The subject under which an application knows someone. Pairwise: the same person has another one in every application.</summary>
    public static string SubjectOf(Guid objectId, Guid clientId) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{objectId}|{clientId}")));

    private static Dictionary<string, object> Common(Guid objectId, Guid clientId) => new()
    {
        ["oid"] = objectId.ToString(),
        ["sub"] = SubjectOf(objectId, clientId),
        ["tid"] = FenwickCompany.TenantId.ToString(),
        ["uti"] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
    };

    private static void AddV1(Dictionary<string, object> claims, DirectoryServicePrincipal client)
    {
        claims["ver"] = "1.0";
        claims["appid"] = client.AppId.ToString();
        claims["appidacr"] = "1";
        claims["app_displayname"] = client.DisplayName;
    }

    private static void AddV2(Dictionary<string, object> claims, DirectoryServicePrincipal client)
    {
        claims["ver"] = "2.0";
        claims["azp"] = client.AppId.ToString();
        claims["azpacr"] = "1";
    }

    private void AddRolesAndGroups(Dictionary<string, object> claims, Guid objectId, DirectoryServicePrincipal application)
    {
        var roles = directory.AppRoleValues(objectId, application);
        if (roles.Count > 0) claims["roles"] = roles.ToArray();

        var groups = directory.GroupsOf(objectId, transitive: true);
        if (groups.Count > GroupsLimit)
        {
            claims["_claim_names"] = new Dictionary<string, object> { ["groups"] = "src1" };
            claims["_claim_sources"] = new Dictionary<string, object>
            {
                ["src1"] = new Dictionary<string, object> { ["endpoint"] = $"https://graph.microsoft.com/v1.0/users/{objectId}/getMemberObjects" },
            };
        }
        else if (groups.Count > 0)
        {
            claims["groups"] = groups.Select(g => g.Id.ToString()).ToArray();
        }
    }
}
