using System.Net;

namespace Portal.Core.Audit.Streaming;

/// <summary>Where the audit trail is sent to.</summary>
/// <param name="Name">Its name: lower-case letters, digits and dashes, at most <see cref="LongestName"/>.</param>
/// <param name="Address">Its address. A secret does not belong in it: it is shown to administrators up to the host.</param>
public sealed record StreamDestination(string Name, Uri Address)
{
    /// <summary>The longest name.</summary>
    public const int LongestName = 40;
}

/// <summary>The destinations of this host.</summary>
/// <param name="Destinations">In the order of the configuration; empty for none.</param>
public sealed record StreamOptions(IReadOnlyList<StreamDestination> Destinations)
{
    /// <summary>How long an instance that says nothing more keeps others from sending. Longer than a try may take.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    /// <summary>How far behind a stream may be before the portal counts as degraded.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The most events of a message.</summary>
    public const int MostEvents = 50;

    /// <summary>The most bytes of the events of a message; one event goes, however large it is.</summary>
    public const int MostBytes = 256 * 1024;

    /// <summary>A host that sends nothing.</summary>
    public static StreamOptions None { get; } = new([]);

    /// <summary>This instance, as the others see it.</summary>
    public string Holder { get; init; } = $"{(Dns.GetHostName() is { Length: > 80 } name ? name[..80] : Dns.GetHostName())}/{Guid.NewGuid():N}";
}
