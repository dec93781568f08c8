using Portal.Web.SignIn;

namespace Portal.Web.Layout;

/// <summary>What the shell keeps per reader.</summary>
public static class LayoutSetup
{
    /// <summary>Registers it.</summary>
    public static IServiceCollection AddLayout(this IServiceCollection services) => services
        .AddScoped<Announcer>()
        .AddScoped<Attempt>()
        .AddScoped<InboxCount>()
        .AddScoped<ReaderZone>()
        .AddScoped<ClientOfCircuit>();
}
