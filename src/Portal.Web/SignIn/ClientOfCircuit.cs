namespace Portal.Web.SignIn;

/// <summary>From where the person behind this circuit (or this prerendered page) acts. Set once by the root component.</summary>
public sealed class ClientOfCircuit
{
    /// <summary>The client's address as the portal saw it; null when it saw none.</summary>
    public string? Address { get; set; }

    /// <summary>What the client says it is, at most 256 characters; null when it says nothing.</summary>
    public string? UserAgent { get; set; }
}
