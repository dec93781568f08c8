using Portal.Core.Audit.Sealing;
using Portal.Web.Audit;
using Portal.Web.Audit.Streaming;
using Portal.Web.Policies;
using Portal.Web.Requests;

namespace Portal.Web.Hosting;

/// <summary>Looks at the configuration before anything is built, so that an operator sees all that is wrong at once and not one thing per start.</summary>
public static class StartupCheck
{
    private const string FromManagedIdentity = "SignedAssertionFromManagedIdentity";

    private static readonly string[] Providers = ["Sqlite", "PostgreSql"];
    private static readonly string[] SecretSources = ["ClientSecret"];
    // What the machine offers may be a client secret of its environment, or whoever has logged in there last.
    private static readonly string[] DevelopmentCredentials = ["ClientSecret", "Default"];

    private static readonly (string Section, KnownSetting[] Known)[] Strict =
    [
        // The properties of CloudOptions, which only Program.cs may name.
        ("Cloud",
        [
            new("Credential"), new("ManagedIdentityClientId"),
            new("Subscriptions", SettingForm.Texts) { WhenEmpty = "name at least one, or leave it out for all that the identity sees." },
            new("AuthorityHost"), new("ResourceManagerEndpoint"), new("ResourceManagerAudience"), new("KeyVaultSuffix"), new("GraphEndpoint"), new("CallTimeout"),
        ]),
        ("Audit", [new("Retention"), new("Origin"), new("SigningKeyFile"), new("CheckpointFile"), new("CheckpointContainer")]),
        ("Requests", [new("MostPerHour")]),
        ("Portal", [new("DataDirectory"), new("EnvironmentName")]),
    ];

    /// <summary>Writes every problem to <paramref name="output"/>.</summary>
    /// <returns>True when there is a problem and the portal must not start.</returns>
    public static bool Report(IConfiguration configuration, IHostEnvironment environment, TextWriter output)
    {
        var problems = Problems(configuration, environment);
        if (problems.Count == 0)
            return false;
        output.WriteLine($"The portal cannot start: {problems.Count} {(problems.Count == 1 ? "setting is" : "settings are")} missing or wrong.");
        foreach (var problem in problems)
            output.WriteLine($"  {problem}");
        output.WriteLine("Set them in appsettings.json, or as environment variables with __ in place of the colon (AzureAd__TenantId).");
        return true;
    }

    /// <summary>Every problem, each starting with the key that it is about; empty when the portal can start.</summary>
    public static IReadOnlyList<string> Problems(IConfiguration configuration, IHostEnvironment environment)
    {
        var problems = new List<string>();
        RequireGuid(configuration, "AzureAd:TenantId", "the id of your Entra tenant", problems);
        RequireGuid(configuration, "AzureAd:ClientId", "the application id of the portal's app registration", problems);
        RequireCredential(configuration, problems);
        CheckAddress(configuration, "AzureAd:Instance", problems);
        foreach (var key in (string[])["Cloud:AuthorityHost", "Cloud:ResourceManagerEndpoint", "Cloud:GraphEndpoint"])
            CheckAddress(configuration, key, problems);
        CheckForms(configuration, problems);

        var provider = configuration["Database:Provider"];
        if (!Providers.Contains(provider, StringComparer.Ordinal))
            problems.Add($"Database:Provider: {Found(provider)}; must be one of {string.Join(", ", Providers)}.");
        if (string.IsNullOrWhiteSpace(configuration.GetConnectionString("Portal")))
            problems.Add("ConnectionStrings:Portal: missing; the connection string of the portal's database.");
        if (!VerifierKey.IsName(SealingSetup.OriginOf(configuration)))
            problems.Add($"{SealingSetup.OriginKey}: '{configuration[SealingSetup.OriginKey]}' is not valid; a name for the audit log without white space and plus signs.");
        SealingSetup.ContainerOf(configuration, problems);
        ConfiguredPolicies.Read(configuration, problems);
        ConfiguredStreams.Read(configuration, environment, problems);
        ConfiguredRetention.Read(configuration, problems);
        ConfiguredLimits.Read(configuration, problems);
        if (!environment.IsDevelopment())
            RefuseWhatIsForDevelopment(configuration, problems);
        return problems;
    }

    private static void CheckForms(IConfiguration configuration, List<string> problems)
    {
        foreach (var (section, known) in Strict)
            StrictSettings.Check(configuration.GetSection(section), known, problems);
        StrictSettings.CheckOnePlace(configuration, "Cloud:Subscriptions", problems);
        foreach (var list in (KnownSetting[])[new("AzureAd:BrowserOrigins", SettingForm.Texts) { WhenEmpty = null }, new("AzureAd:ClientCredentials", SettingForm.Sections) { WhenEmpty = null }])
            StrictSettings.CheckForm(configuration.GetSection(list.Key), list, problems);
        // As a list it would read as not being there, which allows any.
        if (configuration.GetSection("AllowedHosts").GetChildren().Any())
            problems.Add("AllowedHosts: must be one value, not a list or a section; several names with a semicolon between them.");
    }

    private static void RequireGuid(IConfiguration configuration, string key, string what, List<string> problems)
    {
        var value = configuration[key];
        if (!Guid.TryParseExact(value, "D", out var id) || id == Guid.Empty)
            problems.Add($"{key}: {Found(value)}; {what}, as a GUID.");
    }

    // A sign-in that can never work is better found here than by the first person.
    private static void RequireCredential(IConfiguration configuration, List<string> problems)
    {
        var section = configuration.GetSection("AzureAd:ClientCredentials");
        var credentials = section.GetChildren().ToList();
        if (credentials.Count == 0 && string.IsNullOrEmpty(section.Value) && string.IsNullOrEmpty(configuration["AzureAd:ClientSecret"]))
            problems.Add($"{section.Path}: missing; how the portal proves itself when people sign in: a list with SourceType {FromManagedIdentity} and the ManagedIdentityClientId of a user-assigned identity, with SignedAssertionFilePath (Kubernetes), or with a certificate.");
        foreach (var credential in credentials.Where(c => FromManagedIdentity.Equals(c["SourceType"], StringComparison.OrdinalIgnoreCase)))
            RequireGuid(configuration, $"{credential.Path}:ManagedIdentityClientId", "the client id of a user-assigned managed identity (Entra ID takes no system-assigned one as a federated credential, and nobody could sign in)", problems);
    }

    private static void CheckAddress(IConfiguration configuration, string key, List<string> problems)
    {
        var value = configuration[key];
        if (!string.IsNullOrEmpty(value) && (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps))
            problems.Add($"{key}: {Found(value)}; must be an absolute https address.");
    }

    private static void RefuseWhatIsForDevelopment(IConfiguration configuration, List<string> problems)
    {
        // The value is never shown: this goes to logs.
        if (!string.IsNullOrEmpty(configuration["AzureAd:ClientSecret"]))
            problems.Add("AzureAd:ClientSecret: a client secret is only for Development; use a managed identity as federated credential, or a certificate (AzureAd:ClientCredentials).");
        foreach (var credential in configuration.GetSection("AzureAd:ClientCredentials").GetChildren())
            if (SecretSources.Contains(credential["SourceType"], StringComparer.OrdinalIgnoreCase) || !string.IsNullOrEmpty(credential["ClientSecret"]))
                problems.Add($"{credential.Path}: a client secret is only for Development; use SourceType SignedAssertionFromManagedIdentity or a certificate.");
        foreach (var kind in DevelopmentCredentials.Where(k => k.Equals(configuration["Cloud:Credential"], StringComparison.OrdinalIgnoreCase)))
            problems.Add($"Cloud:Credential: {kind} is only for Development; use ManagedIdentity or WorkloadIdentity.");
    }

    private static string Found(string? value) => string.IsNullOrWhiteSpace(value) ? "missing" : $"'{value}' is not valid";
}
