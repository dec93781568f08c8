namespace Portal.Sandbox.Hosting;

/// <summary>The three registrations that can ask for tokens.</summary>
internal sealed record SandboxClients(SandboxClient Portal, SandboxClient Explorer, SandboxClient Reader)
{
    /// <summary>The registration with this client id, or null.</summary>
    public SandboxClient? Find(Guid clientId) => new[] { Portal, Explorer, Reader }.FirstOrDefault(c => c.ClientId == clientId);
}
