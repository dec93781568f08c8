namespace Portal.Core.Identity;

/// <summary>The app roles of the portal's app registration. The names are the values that Entra ID sends.</summary>
public enum PortalRole
{
    /// <summary>May ask for access.</summary>
    Requester,

    /// <summary>May decide requests, where a policy names one of their groups as approver.</summary>
    Approver,

    /// <summary>May read and export the whole audit trail.</summary>
    Auditor,

    /// <summary>May revoke any grant and see all requests. Decides nothing by this role.</summary>
    Administrator,
}
