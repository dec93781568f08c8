namespace Portal.Web.Approvals;

/// <summary>What became of a request that waited in the inbox, while the reader looked on.</summary>
public enum InboxFate
{
    /// <summary>The reader approved it.</summary>
    Approved,

    /// <summary>The reader denied it.</summary>
    Denied,

    /// <summary>It waits no longer, without the reader's doing: decided by someone else, withdrawn or lapsed.</summary>
    Gone,
}
