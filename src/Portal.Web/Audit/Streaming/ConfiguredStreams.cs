using System.Text.RegularExpressions;
using Portal.Core.Audit.Streaming;
using Portal.Web.Hosting;

namespace Portal.Web.Audit.Streaming;

/// <summary>Reads the destinations of the audit trail from the configuration.</summary>
public static partial class ConfiguredStreams
{
    /// <summary>The configuration section.</summary>
    public const string Section = "AuditStreams";

    private static readonly KnownSetting[] Known = [new("Name"), new("Kind"), new("Url"), new("Header"), new("SecretFile"), new("SecretVariable")];

    /// <summary>Reads them.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="environment">Development may send over plain http.</param>
    /// <param name="faults">Receives a sentence for each thing that is missing or wrong, naming its key and no value of a secret.</param>
    public static IReadOnlyList<ConfiguredStream> Read(IConfiguration configuration, IHostEnvironment environment, ICollection<string> faults)
    {
        var streams = new List<ConfiguredStream>();
        var section = configuration.GetSection(Section);
        if (!StrictSettings.CheckForm(section, new KnownSetting(Section, SettingForm.Sections) { WhenEmpty = null }, faults))
            return streams;
        foreach (var entry in section.GetChildren())
            if (ReadOne(entry, environment, faults) is { } stream)
            {
                if (streams.Any(s => s.Destination.Name == stream.Destination.Name))
                    faults.Add($"{entry.Path}:Name: '{stream.Destination.Name}' is there twice.");
                streams.Add(stream);
            }

        return streams;
    }

    private static ConfiguredStream? ReadOne(IConfigurationSection entry, IHostEnvironment environment, ICollection<string> faults)
    {
        var before = faults.Count;
        StrictSettings.Check(entry, Known, faults, key => key.Equals("Secret", StringComparison.OrdinalIgnoreCase)
            ? "a secret has no place in the configuration; name its file (SecretFile) or the environment variable that holds it (SecretVariable)."
            : null);
        var name = entry["Name"] ?? "";
        if (!ValidName().IsMatch(name))
            faults.Add($"{entry.Path}:Name: missing or not valid; lower-case letters, digits and dashes, at most {StreamDestination.LongestName}.");
        var address = AddressOf(entry, environment, faults);
        var (stream, fault) = OfKind(entry, new StreamDestination(name, address ?? new Uri("about:blank")));
        if (fault is not null)
            faults.Add($"{entry.Path}:{fault}");
        return faults.Count == before ? stream : null;
    }

    private static (ConfiguredStream? Stream, string? Fault) OfKind(IConfigurationSection entry, StreamDestination destination)
    {
        var (kind, header, file, variable) = (entry["Kind"] ?? ConfiguredStream.Webhook, entry["Header"], entry["SecretFile"], entry["SecretVariable"]);
        switch (kind)
        {
            case ConfiguredStream.Webhook when header is not null:
                return (null, "Header: a webhook is signed and carries no secret; this is for otlp.");
            case ConfiguredStream.Webhook:
                var secret = new WebhookSecretSource(file, variable);
                return (new WebhookStream(destination, secret), secret.Fault());
            case ConfiguredStream.Otlp when header is null && file is null && variable is null:
                return (new OtlpStream(destination, null), null);
            case ConfiguredStream.Otlp:
                var own = new OtlpHeader(header ?? OtlpHeader.Usual, file, variable);
                return (new OtlpStream(destination, own), own.Fault());
            default:
                return (null, $"Kind: there is no such kind; there are {ConfiguredStream.Webhook} and {ConfiguredStream.Otlp}.");
        }
    }

    // The address is not repeated: some put a token into it all the same.
    private static Uri? AddressOf(IConfigurationSection entry, IHostEnvironment environment, ICollection<string> faults)
    {
        var key = $"{entry.Path}:Url";
        if (!Uri.TryCreate(entry["Url"], UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
            faults.Add($"{key}: missing or not valid; the receiver's absolute https address.");
        else if (address.Scheme != Uri.UriSchemeHttps && !environment.IsDevelopment())
            faults.Add($"{key}: must be https; plain http is for Development.");
        else if (address.UserInfo.Length > 0 || address.Fragment.Length > 0)
            faults.Add($"{key}: must have no user, password or fragment; messages are authenticated by their signature, or by a header.");
        return address;
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,39}$")]
    private static partial Regex ValidName();
}
