namespace Portal.Azure.Connection;

/// <summary>The portal's app registration, as the sign-in section names it.</summary>
internal sealed class PortalApplication
{
    internal const string Section = "AzureAd";

    public string? TenantId { get; set; }

    public string? ClientId { get; set; }

    public string? ClientSecret { get; set; }
}
