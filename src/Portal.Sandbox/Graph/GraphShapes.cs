using System.Globalization;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Graph;

/// <summary>Directory objects as Graph's v1.0 metadata describes them, with the properties that are given when none are selected.</summary>
internal static class GraphShapes
{
    private static readonly string[] UserDefaults =
        ["businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage", "surname", "userPrincipalName", "id"];

    /// <summary>The properties given for a type when the call selects none; null gives all.</summary>
    public static string[]? DefaultsOf(Dictionary<string, object?> item) => item["@odata.type"] is "#microsoft.graph.user" ? UserDefaults : null;

    public static Dictionary<string, object?> Of(DirectoryObject item) => item switch
    {
        DirectoryUser user => Of(user),
        DirectoryGroup group => Of(group),
        DirectoryServicePrincipal application => Of(application),
        _ => throw new InvalidOperationException($"No Graph type for {item.GetType().Name}."),
    };

    /// <summary>Something that can still be restored, with the time of its deletion.</summary>
    public static Dictionary<string, object?> OfDeleted(DirectoryObject item, DateTimeOffset? at)
    {
        var shape = Of(item);
        shape["deletedDateTime"] = at?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        return shape;
    }

    public static Dictionary<string, object?> Of(AppRoleAssignment assignment, DirectoryState directory) => new()
    {
        ["@odata.type"] = "#microsoft.graph.appRoleAssignment",
        ["id"] = assignment.Id.ToString(),
        ["deletedDateTime"] = null,
        ["appRoleId"] = assignment.AppRoleId.ToString(),
        ["principalId"] = assignment.PrincipalId.ToString(),
        ["principalDisplayName"] = directory.Find(assignment.PrincipalId)?.DisplayName,
        ["principalType"] = directory.Find(assignment.PrincipalId) switch { DirectoryGroup => "Group", DirectoryServicePrincipal => "ServicePrincipal", _ => "User" },
        ["resourceId"] = assignment.ResourceId.ToString(),
        ["resourceDisplayName"] = directory.Find(assignment.ResourceId)?.DisplayName,
    };

    private static Dictionary<string, object?> Of(DirectoryUser user) => new()
    {
        ["@odata.type"] = "#microsoft.graph.user",
        ["id"] = user.Id.ToString(),
        ["deletedDateTime"] = null,
        ["businessPhones"] = Array.Empty<string>(),
        ["displayName"] = user.DisplayName,
        ["givenName"] = user.GivenName,
        ["jobTitle"] = user.JobTitle,
        ["mail"] = user.UserPrincipalName,
        ["mobilePhone"] = null,
        ["officeLocation"] = null,
        ["preferredLanguage"] = null,
        ["surname"] = user.Surname,
        ["userPrincipalName"] = user.UserPrincipalName,
        ["accountEnabled"] = user.AccountEnabled,
        ["department"] = user.Department,
        ["userType"] = "Member",
    };

    private static Dictionary<string, object?> Of(DirectoryGroup group) => new()
    {
        ["@odata.type"] = "#microsoft.graph.group",
        ["id"] = group.Id.ToString(),
        ["deletedDateTime"] = null,
        ["displayName"] = group.DisplayName,
        ["description"] = group.Description,
        ["groupTypes"] = Array.Empty<string>(),
        ["mail"] = null,
        ["mailEnabled"] = false,
        ["mailNickname"] = group.DisplayName,
        ["securityEnabled"] = true,
        ["visibility"] = null,
    };

    private static Dictionary<string, object?> Of(DirectoryServicePrincipal application) => new()
    {
        ["@odata.type"] = "#microsoft.graph.servicePrincipal",
        ["id"] = application.Id.ToString(),
        ["deletedDateTime"] = null,
        ["accountEnabled"] = true,
        ["appId"] = application.AppId.ToString(),
        ["appDisplayName"] = application.DisplayName,
        ["appOwnerOrganizationId"] = FenwickCompany.TenantId.ToString(),
        ["appRoleAssignmentRequired"] = false,
        ["displayName"] = application.DisplayName,
        ["servicePrincipalNames"] = new[] { application.AppId.ToString(), $"api://{application.AppId}" },
        ["servicePrincipalType"] = "Application",
        ["signInAudience"] = "AzureADMyOrg",
        ["appRoles"] = application.AppRoles.Select(r => new
        {
            allowedMemberTypes = new[] { "User", "Application" },
            description = r.Description,
            displayName = r.Value,
            id = r.Id,
            isEnabled = true,
            origin = "Application",
            value = r.Value,
        }).ToArray(),
    };
}
