namespace Portal.Core.Requests;

/// <summary>The states of an access request. What happens after an approval is the grant's story.</summary>
public enum RequestState
{
    /// <summary>Waits for a decision.</summary>
    Pending,

    /// <summary>Approved; stays so for good.</summary>
    Approved,

    /// <summary>Denied.</summary>
    Denied,

    /// <summary>Taken back by the one who asked.</summary>
    Withdrawn,

    /// <summary>Nobody decided in time.</summary>
    Lapsed,
}
