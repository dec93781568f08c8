using Portal.Web.SignIn;

namespace Portal.Web.Policies;

/// <summary>The policies of the company that the sandbox makes up, so that a checkout has something to show.</summary>
public static class CompanyPolicies
{
    /// <summary>The file, beside the executable of a build; a published portal has none.</summary>
    public const string FileName = "sandbox-policies.json";

    /// <summary>Takes them in Development, where people sign in on this machine and no policies are configured. At a tenant they would name groups of nobody, and beside others they would be laid under them entry by entry.</summary>
    public static void UseInSandbox(WebApplicationBuilder builder)
    {
        if (builder.Environment.IsDevelopment() && SignInSetup.IsOnThisMachine(builder.Configuration) && !builder.Configuration.GetSection(ConfiguredPolicies.Section).Exists())
            builder.Configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, FileName), optional: true, reloadOnChange: false);
    }
}
