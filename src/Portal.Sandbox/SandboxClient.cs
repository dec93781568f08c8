namespace Portal.Sandbox;

/// <summary>A registered application's way in by client credentials.</summary>
/// <param name="ClientId">Application (client) id.</param>
/// <param name="ClientSecret">Valid until the sandbox stops.</param>
public sealed record SandboxClient(Guid ClientId, string ClientSecret)
{
    /// <summary>The id alone: a secret does not get into a log by accident.</summary>
    public override string ToString() => $"client {ClientId}";
}
